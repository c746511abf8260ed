// SPDX-License-Identifier: Apache-2.0
// What a guide needs now and then: the code for latecomers, another guide to lead on, the group's
// sound in their own ear, the way out.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { codeText } from "../../common/format";
import { count, fill } from "../../common/i18n";
import { pageLang } from "../page";
import type { GuideProps } from "./page";

type Open = "code" | "hand" | null;

export function Tools(props: GuideProps): JSX.Element {
  const { session, lead, w } = props;
  const [open, setOpen] = useState<Open>(null);
  const mine = lead.who.value === "me";
  const close = (): void => setOpen(null);
  return (
    <section class="tools" aria-label={w.tools}>
      <button class="big" onClick={() => setOpen("code")}>
        {w.show_code}
      </button>
      <OwnEar {...props} />
      {mine && (
        <button class="big" onClick={() => setOpen("hand")}>
          {w.hand_over}
        </button>
      )}
      {mine && (
        <button class="big" onClick={() => lead.release()}>
          {w.stop_leading}
        </button>
      )}
      <button class="quiet big whole" onClick={() => session.leave()}>
        {w.leave}
      </button>
      {open === "code" && <Code {...props} onClose={close} />}
      {open === "hand" && <HandOver {...props} onClose={close} />}
    </section>
  );
}

function OwnEar({ session, w }: GuideProps): JSX.Element {
  const sound = session.sound.value;
  const muted = session.muted.value;
  if (sound !== "on")
    return (
      <button class="big" disabled={sound === "starting"} onClick={() => session.listen()}>
        {sound === "starting" ? w.moment : sound === "off" ? w.listen : w.tap_again}
      </button>
    );
  return (
    <button class="big" aria-pressed={!muted} onClick={() => session.setMuted(!muted)}>
      {muted ? w.unmute : w.mute}
    </button>
  );
}

interface SheetProps {
  title: string;
  label: string; // of the button that closes it
  class: string;
  onClose(): void;
  children: ComponentChildren;
}

/** Over the whole screen, until it is closed: by its button or by Escape. The focus stays in it. */
function Sheet({ title, label, onClose, children, ...rest }: SheetProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.querySelector("button")?.focus();
    return () => before?.focus();
  }, []);
  const key = (e: KeyboardEvent): void => {
    if (e.key === "Escape") onClose();
    if (e.key !== "Tab") return;
    const buttons = [...(box.current?.querySelectorAll("button") ?? [])];
    const edge = e.shiftKey ? buttons[0] : buttons[buttons.length - 1];
    if (document.activeElement !== edge) return;
    e.preventDefault();
    (e.shiftKey ? buttons[buttons.length - 1] : buttons[0])?.focus();
  };
  return (
    <div class={`sheet ${rest.class}`} role="dialog" aria-modal="true" aria-label={title} ref={box} onKeyDown={key}>
      <h2>{title}</h2>
      {children}
      <button class="big whole" onClick={onClose}>
        {label}
      </button>
    </div>
  );
}

type Closing = GuideProps & { onClose(): void };

function Code({ session, lead, w, onClose }: Closing): JSX.Element {
  const { code, link } = session.welcome.value ?? { code: "", link: "" };
  const audience = lead.audience.value;
  return (
    <Sheet title={w.join_in} label={w.close} class="code-sheet" onClose={onClose}>
      {link !== "" && <img src={`${link}/qr.svg`} alt={w.qr} width="300" height="300" />}
      <p>{fill(w.join_how, { address: location.host })}</p>
      <p class="digits">{codeText(code)}</p>
      <p class="soft" role="status">
        {audience ? count(w.listening, pageLang.value, audience.visitors) : ""}
        {audience && audience.loading > 0 ? ` · ${count(w.loading, pageLang.value, audience.loading)}` : ""}
      </p>
    </Sheet>
  );
}

function HandOver({ session, lead, w, onClose }: Closing): JSX.Element {
  const me = session.welcome.value?.member;
  const others = (lead.audience.value?.guides ?? []).filter((g) => g.member !== me);
  return (
    <Sheet title={w.who_leads_on} label={w.close} class="hand-sheet" onClose={onClose}>
      {others.length === 0 && <p>{w.no_guides}</p>}
      {others.map((g, i) => (
        <button
          key={g.member}
          class="big whole"
          onClick={() => {
            lead.handOver(g.member);
            onClose();
          }}
        >
          {g.name !== "" ? g.name : fill(w.nameless, { n: i + 1 })}
        </button>
      ))}
    </Sheet>
  );
}
