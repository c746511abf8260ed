// SPDX-License-Identifier: Apache-2.0
// A network between browser and server, on loopback, that can be cut, go dead, and be narrow:
//
//   browser --- relay ---> server     whatever the browser sends passes at once
//           <== bucket ==             answers of all connections wait in one queue, one chunk each,
//                                     and leave at `bytesPerSecond`
import net from "node:net";

const CHUNK = 16 * 1024;

export class Relay {
  constructor(host, port, bytesPerSecond = Infinity) {
    Object.assign(this, { host, port, bytesPerSecond });
    this.links = new Set();
    this.queue = []; // {socket, bytes, done}
    this.isCut = false;
    this.carried = 0; // bytes towards the browser
    this.freeAt = 0; // when the queue's last chunk has left
  }

  async start() {
    this.server = net.createServer((client) => this.accept(client));
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    this.server.close();
    for (const link of this.links) this.end(link);
  }

  /** Nothing passes, nothing is closed; heal() lets it go on. */
  cut() {
    this.isCut = true;
    for (const { client, upstream } of this.links) {
      client.pause();
      upstream.pause();
    }
  }

  heal() {
    this.isCut = false;
    for (const link of this.links) {
      if (link.dead) continue;
      link.client.resume();
      link.upstream.resume();
    }
    this.pump();
  }

  /** What is open now never says a word again, and is never closed; new connections are well. */
  deaden() {
    for (const link of this.links) {
      link.dead = true;
      link.client.pause();
      link.upstream.pause();
    }
  }

  accept(client) {
    const upstream = net.connect(this.port, this.host);
    const link = { client, upstream, dead: false };
    this.links.add(link);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.end(link));
      socket.on("close", () => this.end(link));
    }
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => {
      upstream.pause();
      this.offer(link, bytes);
    });
    if (this.isCut) {
      client.pause();
      upstream.pause();
    }
  }

  end(link) {
    if (link.dead) return; // only the browser's own end matters, and it has forgotten it
    this.links.delete(link);
    link.client.destroy();
    link.upstream.destroy();
  }

  offer(link, bytes) {
    for (let at = 0; at < bytes.length; at += CHUNK)
      this.queue.push({ link, bytes: bytes.subarray(at, at + CHUNK), last: at + CHUNK >= bytes.length });
    this.pump();
  }

  pump() {
    const now = performance.now();
    while (!this.isCut && this.queue.length > 0 && this.freeAt <= now) {
      const { link, bytes, last } = this.queue.shift();
      this.freeAt = Math.max(now - 5, this.freeAt) + (bytes.length * 1000) / this.bytesPerSecond;
      this.carried += bytes.length;
      if (link.dead) continue;
      link.client.write(bytes);
      if (last) link.upstream.resume();
    }
    if (this.queue.length === 0 || this.isCut || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, Math.max(1, this.freeAt - now));
  }
}
