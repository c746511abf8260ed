// SPDX-License-Identifier: Apache-2.0
// The lock screen: what plays and how far it is, and play and pause that mute only this phone.
// Browsers tell the two apart by the element that plays (anchor.ts), which never pauses: for most of them each press
// is "pause", so that one goes to and fro. "play" comes after a call.

export interface Playing {
  title: string;
  group: string;
  artwork?: string; // address of a picture
  muted: boolean;
  positionS: number;
  durS: number;
}

// The lock screen counts by itself; it is told when it would be wrong. While the group is held, that
// is every so many seconds.
const JUMP_S = 1.5;

const able = (): boolean => "mediaSession" in navigator && "MediaMetadata" in window;

export function setHandlers(play: () => void, pause: () => void): void {
  if (!able()) return;
  navigator.mediaSession.setActionHandler("play", play);
  navigator.mediaSession.setActionHandler("pause", pause);
}

let shown = "";
let told = { at: 0, positionS: -1, durS: 0 };

/** Tells the lock screen what has changed. */
export function show(p: Playing | null): void {
  if (!able()) return;
  const { mediaSession } = navigator;
  mediaSession.playbackState = p ? (p.muted ? "paused" : "playing") : "none";
  const now = p ? [p.title, p.group, p.artwork].join("\n") : "";
  if (now !== shown) {
    const artwork = p?.artwork ? [{ src: p.artwork }] : [];
    mediaSession.metadata = p ? new MediaMetadata({ title: p.title, artist: p.group, artwork }) : null;
    shown = now;
    told.durS = -1;
  }
  if (p) showPosition(p);
}

function showPosition(p: Playing): void {
  if (!("setPositionState" in navigator.mediaSession) || p.durS <= 0) return;
  const now = performance.now();
  const expected = told.positionS + (now - told.at) / 1000;
  if (p.durS === told.durS && Math.abs(expected - p.positionS) < JUMP_S) return;
  told = { at: now, positionS: p.positionS, durS: p.durS };
  navigator.mediaSession.setPositionState({ duration: p.durS, position: Math.min(p.positionS, p.durS) });
}
