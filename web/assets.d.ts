// SPDX-License-Identifier: Apache-2.0
// What build.mjs fills in.
declare module "core.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "worker.js" {
  const url: string;
  export default url;
}
declare module "guide.css" {
  const url: string;
  export default url;
}
