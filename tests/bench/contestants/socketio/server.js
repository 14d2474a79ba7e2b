// Rooms on Socket.IO as its documentation has them: a room per game, events broadcast to it, the sender included.
// Nothing is kept; who reconnects has missed what was said.
//
// Done for its speed: WebSocket alone, no compression, bufferutil, no HTTP long-polling state, the client bundle not
// served, one room joined in the handshake. The in-memory adapter encodes a broadcast once for all members.

import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  allowUpgrades: false,
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

io.on("connection", (socket) => {
  const room = socket.handshake.auth.room;
  // The request of the handshake is kept for its headers, which nobody reads here.
  socket.conn.request = null;
  socket.join(room);
  socket.on("say", (body) => io.to(room).emit("said", body));
});

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
