// SPDX-License-Identifier: Apache-2.0
// What is brought by import(). Where a script did not come, Chromium remembers that of its address for as long as
// the page lives, and says the address; so it is asked for under another one. Safari asks again by itself.

export const bring = <T>(load: () => Promise<T>): Promise<T> =>
  load().catch((e) => import(`${/http\S+/.exec(String(e))?.[0]}?${Date.now()}`) as Promise<T>);
