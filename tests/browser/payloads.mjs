// SPDX-License-Identifier: Apache-2.0
// 300 pieces of text that would be markup or script on a careless page, and how to tell that one of them was.
const BREAKS = ["", '">', "'>", "</p>", "</title>", "</textarea>", "</style>", "</script>", "-->", "]]>", '" ', "<b>", "<!--", "{{", "\\x3c"];
export const VECTORS = [
  "<img src=x onerror=hit()>", "<svg onload=hit()>", "<script>hit()</script>", "<iframe src=javascript:hit()>",
  "<iframe srcdoc='<script>parent.hit()</script>'>", "<details open ontoggle=hit()>x", "<input autofocus onfocus=hit()>",
  "<body onload=hit()>", "<video><source onerror=hit()>", "<a href=javascript:hit()>x</a>", "<object data=javascript:hit()>",
  "<style onload=hit()>*{}</style>", "<math><mi xlink:href=javascript:hit()>x", "<form action=javascript:hit()><button>",
  "<marquee onstart=hit()>x", "javascript:hit()", "&lt;img src=x onerror=hit()&gt;", "onmouseover=hit() x=",
  "<meta http-equiv=refresh content=0;javascript:hit()>", "<base href=//evil.example/>",
];
export const PAYLOADS = BREAKS.flatMap((b) => VECTORS.map((v) => b + v));

/** What none of our pages has by itself. */
export const ALIVE = "[onerror],[onload],[ontoggle],[onfocus],[onstart],[onmouseover],[href^='javascript'],[src^='javascript'],"
  + "[action^='javascript'],iframe,object,embed,base,marquee,math,meta[http-equiv=refresh]";

const bytes = (text) => Buffer.byteLength(text);

/** A payload with two letters that say through which field it came; where it is run as script they come too late. */
const marked = (mark) => (payload) => `${payload};${mark}`;

/** All payloads that fit into `limit` bytes, each on its own. */
export const singles = (mark, limit = Infinity) => PAYLOADS.map(marked(mark)).filter((p) => bytes(p) <= limit);

/** The same in as few texts as hold them, one behind the other. */
export function packed(mark, limit) {
  const out = [];
  // The longest with the shortest that still fit.
  const left = singles(mark, limit).sort((a, b) => bytes(b) - bytes(a));
  while (left.length > 0) {
    let text = left.shift();
    for (let i = 0; i < left.length;) {
      if (bytes(text) + bytes(left[i]) <= limit) text += left.splice(i, 1)[0];
      else i++;
    }
    out.push(text);
  }
  return out;
}

/** How many of them are in these texts. */
export const countIn = (mark, texts) => singles(mark).filter((p) => texts.some((t) => t.includes(p))).length;

/** For a page of ours, before its own script: window.everything() is every text that it has, shown or not (its words, the
    values of attributes and of fields); window.until(words) waits for one or all of a list, and keeps in window.heap what was there then. */
export function watcher(alive) {
  const everything = () => {
    const out = [];
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      if (n.nodeType === Node.TEXT_NODE) out.push(n.data);
      else {
        for (const a of n.attributes) out.push(a.value);
        if (typeof n.value === "string") out.push(n.value);
      }
    }
    return out.join("\n");
  };
  Object.assign(window, { everything, heap: "" });
  window.until = (words) => new Promise((done, fail) => {
    const begun = performance.now();
    let changed = true;
    let looked = 0;
    const observer = new MutationObserver(() => (changed = true));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const timer = setInterval(() => {
      if (!changed && performance.now() - looked < 200) return; // what a field holds changes without a word
      changed = false;
      looked = performance.now();
      const all = everything();
      if (document.querySelector(alive)) fail(new Error("markup came alive"));
      else if ([words].flat().every((w) => all.includes(w))) done((window.heap += `\n${all}`) && undefined);
      else if (looked - begun > 60_000) fail(new Error(`never showed: ${words}`));
      else return;
      clearInterval(timer);
      observer.disconnect();
    }, 10);
  });
}
