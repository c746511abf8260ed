// SPDX-License-Identifier: Apache-2.0
// A real server in a folder of its own, its command line, and its timeline as this process sees it.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const exec = promisify(execFile);

export class Box {
  /** `config`: what its settings file says. */
  constructor(roomtoned, roomtonectl, webDir, config = "") {
    this.config = config;
    this.programs = { roomtoned, roomtonectl };
    this.webDir = webDir;
    this.dir = mkdtempSync(path.join(tmpdir(), "roomtone-browser-"));
    this.listen = null; // where it is, once it has run
    this.houseMinusWall = 0; // us
  }

  /** Serves HTTPS as well, with a certificate of its own authority. */
  certify(name) {
    const folder = path.join(this.dir, "tls");
    execFileSync(this.programs.roomtonectl, ["certificate", "make", "--dir", folder, "--names", name]);
    this.config += `[tls]\nlisten = 127.0.0.1:0\ncertificate = ${folder}/server.crt\nkey = ${folder}/server.key\n`;
  }

  /** On a port that is its own, and again on that one. */
  async start() {
    for (let left = 20; !this.listen; left--) {
      const listen = `127.0.0.1:${somePort()}`;
      try {
        await this.startAt(listen);
        this.listen = new URL(this.url).host;
        return;
      } catch (e) {
        if (left === 0 || !/cannot listen here/.test(e.message)) throw e;
      }
    }
    await this.startAt(this.listen);
  }

  async startAt(listen) {
    const file = path.join(this.dir, "roomtoned.ini");
    writeFileSync(file, this.config);
    const args = ["--config", file, "--state", path.join(this.dir, "state"), "--listen", listen, "--web", this.webDir];
    this.process = spawn(this.programs.roomtoned, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.gone = new Promise((done) => this.process.once("exit", done));
    let log = "";
    this.url = await new Promise((resolve, reject) => {
      const look = (line) => {
        log += `${line}\n`;
        const found = /ready (http:\S+)(?: (https:\S+))?/.exec(line);
        if (!found) return;
        this.https = found[2];
        resolve(found[1]);
      };
      createInterface({ input: this.process.stdout }).on("line", look);
      createInterface({ input: this.process.stderr }).on("line", look);
      this.process.once("close", (code) => reject(new Error(`roomtoned ended with ${code} before it was ready:\n${log}`)));
    });
  }

  async stop() {
    this.process?.kill("SIGTERM");
    await this.gone;
  }

  async remove() {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get password() {
    return readFileSync(this.passwordFile, "utf8").trim();
  }
  get passwordFile() {
    return path.join(this.dir, "state", "first-password");
  }

  async ctl(...args) {
    const env = { ...process.env, HOME: this.dir, XDG_CONFIG_HOME: this.dir, XDG_CACHE_HOME: this.dir };
    const { stdout } = await exec(this.programs.roomtonectl, ["--server", this.url, ...args], { env });
    return stdout;
  }

  /** A player on a silent card that brings no code, with a memory of its own. `says` waits for words in its log. */
  async kiosk(name, memory = name) {
    const program = path.join(path.dirname(this.programs.roomtoned), "roomtone-player");
    const args = ["--server", this.url, "--device", "null", "--name", name, "--cache", path.join(this.dir, `cache-${memory}`)];
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    const gone = new Promise((done) => child.once("exit", done));
    let log = "";
    child.stderr.on("data", (data) => (log += data));
    const says = async (words) => {
      const end = Date.now() + 20_000;
      while (!log.includes(words)) {
        if (Date.now() > end) throw new Error(`the kiosk never said "${words}":\n${log}`);
        await new Promise((next) => setTimeout(next, 50));
      }
    };
    const stop = async () => {
      child.kill("SIGTERM");
      await gone;
    };
    return { says, stop };
  }

  async group(id) {
    return JSON.parse(await this.ctl("--json", "group", "show", id));
  }

  /** House time against this machine's wall clock, from the quickest of some questions. */
  async learnClock(session) {
    let best = Infinity;
    for (let i = 0; i < 20; i++) {
      const sent = wall();
      const response = await fetch(`${this.url}/api/v1/status`, { headers: { Cookie: session } });
      const { house_now: house } = await response.json();
      const took = wall() - sent;
      if (took >= best) continue;
      best = took;
      this.houseMinusWall = house - (sent + took / 2) * 1000;
    }
    return best;
  }

  house(wallMs) {
    return wallMs * 1000 + this.houseMinusWall;
  }
}

/** None that the kernel gives to whoever asks for any: a server that is down for a moment finds it free again, for
 * UDP too. Where those are nearly all there are, whatever the kernel gives. Browsers refuse 10080. */
function somePort() {
  const first = parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
  return first > 13_000 ? 12_000 + Math.floor(Math.random() * (first - 12_000)) : 0;
}

/** Milliseconds since 1970, on the steady clock that pages have too. */
export function wall() {
  return performance.timeOrigin + performance.now();
}

/** What the room says is heard at a house time: docs/PROTOCOL.md, "State". */
export function expected(state, house) {
  const part = state.next && house >= state.next.at ? state.next : state;
  const { p0, t0, rate } = part.vec;
  const position = Math.max(0, Math.min(part.dur, p0 + rate * Math.max(0, house - t0)));
  return { cue: part.cue, mode: part.mode, position };
}
