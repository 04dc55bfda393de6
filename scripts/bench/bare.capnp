# What the bench compares with, on the same runtime: a bare Hono app (bare-app.ts) and a bare proxy (bare-proxy.ts).

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "app", worker = .app),
    (name = "proxy", worker = .proxy),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "app"),
    (name = "proxy", address = "127.0.0.1:0", http = (), service = "proxy"),
  ],
);

const app :Workerd.Worker = (
  modules = [(name = "bare-app.js", esModule = embed "../../dist/bare-app.js")],
  compatibilityDate = "2026-11-01",
);

const proxy :Workerd.Worker = (
  modules = [(name = "bare-proxy.js", esModule = embed "../../dist/bare-proxy.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "ORIGIN", fromEnvironment = "ORIGIN")],
  globalOutbound = "internet",
);
