// Rooms on `ws`, the library most Node servers use: each message is passed on to all members of its room, the sender
// included, in the order it came. Nothing is kept; who reconnects has missed what was said.
//
// Done for its speed: no compression, no client tracking, bufferutil, the room found once at the upgrade, the received
// buffer passed on without being parsed or made into a string. Messages that arrive together are not gathered: they
// come from different members.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false, skipUTF8Validation: true });
const rooms = new Map();
const text = { binary: false, compress: false };

sockets.on("connection", (socket, request) => {
  const name = request.url;
  let room = rooms.get(name);
  if (!room) rooms.set(name, (room = new Set()));
  room.add(socket);
  socket.on("message", (data) => {
    for (const member of room) member.send(data, text);
  });
  socket.on("close", () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(name);
  });
  socket.on("error", () => {});
  socket.send('{"op":"welcome"}');
});

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
