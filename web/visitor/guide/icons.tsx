// SPDX-License-Identifier: Apache-2.0
// Small pictures, drawn with the text's own colour. Each stands beside a word, or has one as label.
import type { ComponentChildren, JSX } from "preact";
import type { Reaction } from "../../common/wire";

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" width="28" height="28" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">
      {children}
    </svg>
  );
}

export function HandIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M8 12.5V6.2a1.4 1.4 0 0 1 2.8 0V11V4.4a1.4 1.4 0 0 1 2.8 0V11V5.6a1.4 1.4 0 0 1 2.8 0V12V8.4a1.4 1.4 0 0 1 2.8 0v6.1c0 4-2.6 6.5-6.2 6.5c-2.8 0-4.3-1.2-5.7-3.4l-3-4.8a1.5 1.5 0 0 1 2.4-1.7z" />
    </Icon>
  );
}

const REACTION: Record<Reaction, JSX.Element> = {
  clap: (
    <>
      <path d="M12 21.5c-3.6 0-5.6-2.2-5.6-5.4v-5.2l2.6-4.2v4.8" />
      <path d="M12 21.5c3.6 0 5.6-2.2 5.6-5.4v-5.2l-2.6-4.2v4.8" />
      <path d="M12 9.5v12M12 2v2.5M7 3l1.2 2M17 3l-1.2 2" />
    </>
  ),
  laugh: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M7.5 13.5h9a4.5 4.5 0 0 1-9 0zM8 9.2h1.6M14.4 9.2H16" />
    </>
  ),
  heart: <path d="M12 20.5S3.5 15.6 3.5 9.4A4.6 4.6 0 0 1 12 7a4.6 4.6 0 0 1 8.5 2.4c0 6.2-8.5 11.1-8.5 11.1z" />,
  question: (
    <>
      <path d="M7.8 8.6a4.3 4.3 0 1 1 6.6 3.6c-1.6 1-2.4 1.8-2.4 3.6" />
      <path d="M12 20h.01" stroke-width="2.6" />
    </>
  ),
};

export function ReactionIcon({ what }: { what: Reaction }): JSX.Element {
  return <Icon>{REACTION[what]}</Icon>;
}

const ACTION = {
  pause: <path d="M8 5v14M16 5v14" stroke-width="3.4" />,
  play: <path d="M7.5 4.8v14.4L19.5 12z" fill="currentColor" />,
  back: (
    <>
      <path d="M4 12a8 8 0 1 0 2.6-5.9" />
      <path d="M3.5 3.5v4h4" />
    </>
  ),
  next: <path d="M5 5v14l10-7zM18.5 5v14" />,
};

export function ActionIcon({ what }: { what: keyof typeof ACTION }): JSX.Element {
  return <Icon>{ACTION[what]}</Icon>;
}
