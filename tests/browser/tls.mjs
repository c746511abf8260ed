// SPDX-License-Identifier: Apache-2.0
// TLS in front of a server, as a venue's own proxy is: what is inside goes through as it is.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";

/** Listens on a free port of this machine for `port`, with a certificate that nobody signed. */
export async function tlsFront(port, folder, name) {
  const [key, cert] = ["key.pem", "cert.pem"].map((file) => path.join(folder, file));
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", cert,
  ], { stdio: "ignore" });
  const open = new Set();
  const options = { key: readFileSync(key), cert: readFileSync(cert), ALPNProtocols: ["http/1.1"] };
  const server = tls.createServer(options, (outside) => {
    const inside = net.connect(port, "127.0.0.1");
    for (const [from, to] of [[outside, inside], [inside, outside]]) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => open.delete(from) && to.destroy());
    }
  });
  server.on("tlsClientError", () => undefined); // a browser that looks at the certificate first
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: server.address().port,
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
