// SPDX-License-Identifier: Apache-2.0
// Addresses that build.mjs fills in.
declare module "core.wasm" {
  const url: string;
  export default url;
}
declare module "worker.js" {
  const url: string;
  export default url;
}
