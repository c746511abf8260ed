// SPDX-License-Identifier: Apache-2.0
// The lock screen: what plays, and play and pause that mute only this phone.

const able = (): boolean => "mediaSession" in navigator && "MediaMetadata" in window;

export function setHandlers(setMuted: (muted: boolean) => void): void {
  if (!able()) return;
  navigator.mediaSession.setActionHandler("play", () => setMuted(false));
  navigator.mediaSession.setActionHandler("pause", () => setMuted(true));
}

export function setPlaybackState(muted: boolean): void {
  if (able()) navigator.mediaSession.playbackState = muted ? "paused" : "playing";
}

export function setMetadata(title: string, artist: string): void {
  if (able()) navigator.mediaSession.metadata = new MediaMetadata({ title, artist });
}
