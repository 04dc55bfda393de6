# The room process: stores rooms for the gateway processes of one machine, which call it through its only socket.

using Workerd = import "/workerd/workerd.capnp";
using Gateway = import "gateway.capnp";

const config :Workerd.Config = (
  logging = (structuredLogging = true),
  services = Gateway.services,
  sockets = [
    (
      name = "rooms",
      address = "unix:/nonexistent",
      http = (capnpConnectHost = "rooms"),
      service = (name = "gateway", entrypoint = "RoomProcess"),
    ),
  ],
);
