// SPDX-License-Identifier: Apache-2.0
// What the peers say and do, as little as there can be: a room has a position, a command sets it,
// everybody hears of it and the sender gets an ack. Messages are as long as the product's.
const fill = 'x'.repeat(384);

export const state = (position) =>
  `{"type":"state","vec":{"p0":${position}},"fill":"${fill}"}`;

// The state that a message leads to, or null, and what is answered.
export function take(text) {
  const m = JSON.parse(text);
  if (m.type === 'hello') return { joins: true };
  if (m.type !== 'command') return {};
  const ack = `{"type":"ack","cmd_id":"${m.cmd_id}","fence":1}`;
  return m.do === 'seek' ? { position: m.position, ack } : { ack };
}
