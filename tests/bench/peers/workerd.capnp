# SPDX-License-Identifier: Apache-2.0
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .rooms),
    (name = "kept", disk = (path = "kept", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const rooms :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "rules.mjs", esModule = embed "rules.mjs"),
  ],
  compatibilityDate = "2024-07-01",
  durableObjectNamespaces = [(className = "Room", uniqueKey = "rooms")],
  durableObjectStorage = (localDisk = "kept"),
  bindings = [(name = "ROOMS", durableObjectNamespace = "Room")],
);
