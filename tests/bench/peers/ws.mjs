// SPDX-License-Identifier: Apache-2.0
// The `ws` package on Node. Keeps nothing. Prints its port.
import { WebSocketServer } from 'ws';
import { state, take } from './rules.mjs';

const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket, request) => {
  const room = new URL(request.url, 'http://x').searchParams.get('room');
  socket.on('message', (text) => {
    const { joins, position, ack } = take(text);
    if (joins) {
      if (!rooms.has(room)) rooms.set(room, new Set());
      rooms.get(room).add(socket);
      socket.send(state(0));
    }
    if (position !== undefined) {
      const news = state(position);
      for (const s of rooms.get(room)) s.send(news);
    }
    if (ack) socket.send(ack);
  });
  socket.on('close', () => rooms.get(room)?.delete(socket));
});
server.on('listening', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
