# The gateway as workerd serves it: the bundle, rooms in Durable Objects on local disk, settings from the environment.
# Addresses and directory come from the command line, see scripts/lib/gateway-process.ts.

using Workerd = import "/workerd/workerd.capnp";

const services :List(Workerd.Service) = [
  (name = "gateway", worker = .gateway),
  (name = "disk", disk = (path = "/nonexistent", writable = true, allowDotfiles = false)),
  (name = "connector", external = (address = "127.0.0.1:9", http = ())),
  (name = "room-process", external = (address = "127.0.0.1:9", http = (capnpConnectHost = "rooms"))),
  (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
];

const config :Workerd.Config = (
  logging = (structuredLogging = true),
  services = .services,
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "gateway")],
);

const gateway :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "../../dist/worker.js")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "RoomObject", uniqueKey = "fairgate-room", enableSql = true),
    (className = "DirectoryObject", uniqueKey = "fairgate-directory", enableSql = true),
    (className = "Relay", uniqueKey = "fairgate-relay"),
  ],
  durableObjectStorage = (localDisk = "disk"),
  globalOutbound = "internet",
  bindings = [
    (name = "ROOM_OBJECTS", durableObjectNamespace = "RoomObject"),
    (name = "DIRECTORY_OBJECTS", durableObjectNamespace = "DirectoryObject"),
    (name = "RELAY_OBJECTS", durableObjectNamespace = "Relay"),
    (name = "ROOM_PROCESS", service = "room-process"),
    (name = "ROOMS_ELSEWHERE", fromEnvironment = "ROOMS_ELSEWHERE"),
    (name = "ROOMS", fromEnvironment = "ROOMS"),
    (name = "SIGNING_KEYS", fromEnvironment = "SIGNING_KEYS"),
    (name = "PUBLIC_URL", fromEnvironment = "PUBLIC_URL"),
    (name = "OPERATOR_KEY", fromEnvironment = "OPERATOR_KEY"),
    (name = "JOINS_PER_NETWORK", fromEnvironment = "JOINS_PER_NETWORK"),
    (name = "UPSTASH_REDIS_REST_URL", fromEnvironment = "UPSTASH_REDIS_REST_URL"),
    (name = "UPSTASH_REDIS_REST_TOKEN", fromEnvironment = "UPSTASH_REDIS_REST_TOKEN"),
    (name = "RELAYS", fromEnvironment = "RELAYS"),
    (name = "BEACON_CHAIN", fromEnvironment = "BEACON_CHAIN"),
    (name = "ORIGIN_SECRETS", fromEnvironment = "ORIGIN_SECRETS"),
    (name = "ORIGIN_KEYS", fromEnvironment = "ORIGIN_KEYS"),
    (name = "REDIS_REPLICAS", fromEnvironment = "REDIS_REPLICAS"),
    (name = "CONSOLE_URL", fromEnvironment = "CONSOLE_URL"),
    (name = "TRUSTED_PROXIES", fromEnvironment = "TRUSTED_PROXIES"),
    (name = "ORIGIN_CONNECTOR", service = "connector"),
    (name = "ORIGIN_CA", fromEnvironment = "ORIGIN_CA"),
    (name = "LISTEN_URL", fromEnvironment = "LISTEN_URL"),
    (name = "PROCESS_START", fromEnvironment = "PROCESS_START"),
    (name = "ACCESS_TEAM_URL", fromEnvironment = "ACCESS_TEAM_URL"),
    (name = "ACCESS_AUDIENCE", fromEnvironment = "ACCESS_AUDIENCE"),
    (name = "ACCESS_ROLES", fromEnvironment = "ACCESS_ROLES"),
    (name = "OIDC_ISSUER", fromEnvironment = "OIDC_ISSUER"),
    (name = "OIDC_CLIENT_ID", fromEnvironment = "OIDC_CLIENT_ID"),
    (name = "OIDC_CLIENT_SECRET", fromEnvironment = "OIDC_CLIENT_SECRET"),
    (name = "OIDC_ROLES", fromEnvironment = "OIDC_ROLES"),
  ],
);
