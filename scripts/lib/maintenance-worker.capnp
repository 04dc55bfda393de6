# Access to the storage of Durable Objects on local disk: the namespaces and the folder of gateway.capnp, another worker.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  logging = (structuredLogging = true),
  services = [
    (name = "maintenance", worker = .maintenance),
    (name = "disk", disk = (path = "/nonexistent", writable = true, allowDotfiles = false)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "maintenance")],
);

const maintenance :Workerd.Worker = (
  modules = [(name = "maintenance-worker.js", esModule = embed "../../dist/maintenance-worker.js")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "RoomObject", uniqueKey = "fairgate-room", enableSql = true),
    (className = "DirectoryObject", uniqueKey = "fairgate-directory", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "ROOM_OBJECTS", durableObjectNamespace = "RoomObject"),
    (name = "DIRECTORY_OBJECTS", durableObjectNamespace = "DirectoryObject"),
    (name = "MAINTENANCE_TOKEN", fromEnvironment = "MAINTENANCE_TOKEN"),
  ],
);
