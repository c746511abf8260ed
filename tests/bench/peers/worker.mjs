// SPDX-License-Identifier: Apache-2.0
// A Durable Object per room. What it sends waits, by its output gate, until what it stored before is
// on disk: the same promise as the product's.
import { state, take } from './rules.mjs';

export class Room {
  constructor(ctx) {
    this.ctx = ctx;
    this.sockets = new Set();
  }

  async fetch() {
    const [theirs, ours] = Object.values(new WebSocketPair());
    ours.accept();
    ours.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') return;
      const { joins, position, ack } = take(data);
      if (joins) {
        this.sockets.add(ours);
        ours.send(state(0));
      }
      if (position !== undefined) {
        this.ctx.storage.put('position', position);
        const news = state(position);
        for (const s of this.sockets) s.send(news);
      }
      if (ack) ours.send(ack);
    });
    ours.addEventListener('close', () => this.sockets.delete(ours));
    return new Response(null, { status: 101, webSocket: theirs });
  }
}

export default {
  fetch(request, env) {
    const room = new URL(request.url).searchParams.get('room');
    return env.ROOMS.get(env.ROOMS.idFromName(room)).fetch(request);
  },
};
