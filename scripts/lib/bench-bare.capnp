# What the bench compares with: a bare Hono app (bench-bare.ts) on the same runtime.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "bare", worker = .bare)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bare")],
);

const bare :Workerd.Worker = (
  modules = [(name = "bare.js", esModule = embed "../../dist/bare.js")],
  compatibilityDate = "2026-11-01",
);
