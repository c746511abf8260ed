// SPDX-License-Identifier: Apache-2.0
// Bun with its own WebSockets and topics. Keeps nothing. Prints its port.
import { state, take } from './rules.mjs';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, s) {
    const room = new URL(request.url).searchParams.get('room');
    return s.upgrade(request, { data: { room } }) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    message(socket, text) {
      const { joins, position, ack } = take(text);
      if (joins) {
        socket.subscribe(socket.data.room);
        socket.send(state(0));
      }
      if (position !== undefined) server.publish(socket.data.room, state(position));
      if (ack) socket.send(ack);
    },
  },
});
console.log(`ready http://127.0.0.1:${server.port}`);
