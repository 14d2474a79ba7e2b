// Rooms on Colyseus 0.18: a room per game, found by the matchmaker by its number; messages are broadcast to it, the
// sender included. Nothing is kept; who reconnects has missed what was said.
//
// Done for its speed: no state to synchronise and therefore no patch timer, messages as bytes that are neither unpacked
// nor packed again, no compression, bufferutil, one encoded broadcast for all members.

import { Room, Server } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";

class Game extends Room {
  onCreate() {
    this.patchRate = null;
    this.onMessageBytes("say", (_client, body) => this.broadcastBytes("said", body));
  }
}

const transport = new WebSocketTransport({ maxPayload: 64 * 1024, perMessageDeflate: false });
const server = new Server({ transport, greet: false, gracefullyShutdown: false });
server.define("game", Game).filterBy(["room"]);
await server.listen(Number(process.argv[2]), "127.0.0.1", 4096);
