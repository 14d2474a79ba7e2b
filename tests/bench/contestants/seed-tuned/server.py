"""The article's stack with all that can be had without leaving it: see ../seed/server.py for what it does.

Done beyond that: uvloop, orjson, and one connection to Redis on which everything that was said since the last answer goes
out as one pipeline of a script that numbers, keeps and publishes in one step. So the order of numbers is the order of
delivery, and a busy server pays for Redis by the batch and not by the message.
"""

import asyncio
import logging
import sys

import orjson
import uvloop
from redis.asyncio import BlockingConnectionPool, Redis
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

SAY = """
local n = redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[2], '{"seq":' .. n .. ',"body":' .. ARGV[1] .. '}')
"""


class Room:
    """Members of a room on this process; of those who are joining, what they must not miss meanwhile."""

    __slots__ = ("log", "channel", "members", "joining", "subscribed")

    def __init__(self, name):
        self.log = "log:" + name
        self.channel = "room:" + name
        self.members = set()
        self.joining = {}
        self.subscribed = asyncio.Event()


class Front:
    def __init__(self, redis):
        self.redis = redis
        self.hears = redis.pubsub(ignore_subscribe_messages=False)
        self.rooms = {}
        self.said = []
        self.saying = asyncio.Event()

    async def listen(self):
        async for heard in self.hears.listen():
            room = self.rooms.get(heard["channel"])
            if room is None:
                continue
            if heard["type"] == "message":
                text = heard["data"].decode()
                broadcast(room.members, text)
                for waiting in room.joining.values():
                    waiting.append(text)
            elif heard["type"] == "subscribe":
                room.subscribed.set()

    async def pipe(self):
        """Passes on what was said, a batch at a time."""
        script = await self.redis.script_load(SAY)
        while True:
            await self.saying.wait()
            self.saying.clear()
            said, self.said = self.said, []
            batch = self.redis.pipeline(transaction=False)
            for room, body in said:
                batch.evalsha(script, 2, room.log, room.channel, body)
            await batch.execute()

    async def room(self, name):
        channel = ("room:" + name).encode()
        room = self.rooms.get(channel)
        if room is None:
            room = self.rooms[channel] = Room(name)
            await self.hears.subscribe(channel)
        await room.subscribed.wait()
        return room

    async def join(self, socket, name, after):
        """History first, then what was said meanwhile, then everything as it comes."""
        room = await self.room(name)
        waiting = room.joining[socket] = []
        history = await self.redis.lrange(room.log, after, -1)
        await socket.send('{"op":"welcome"}')
        for number, body in enumerate(history, after + 1):
            await socket.send('{"seq":%d,"body":%s}' % (number, body.decode()))
        last = after + len(history)
        while waiting:
            text = waiting.pop(0)
            if orjson.loads(text)["seq"] > last:
                await socket.send(text)
        del room.joining[socket]
        room.members.add(socket)
        return room

    async def serve(self, socket):
        room = None
        try:
            join = orjson.loads(await socket.recv())
            room = await self.join(socket, join["room"], join["after"])
            while True:
                frame = await socket.recv(decode=False)
                self.said.append((room, orjson.dumps(orjson.loads(frame)["body"])))
                self.saying.set()
        except ConnectionClosed:
            pass
        finally:
            if room is not None:
                room.members.discard(socket)
                room.joining.pop(socket, None)


async def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    pool = BlockingConnectionPool.from_url("unix://" + path, max_connections=64, timeout=None)
    front = Front(Redis(connection_pool=pool))
    # The listener wants one subscription from the start, and members come as soon as the port is open.
    await front.hears.subscribe("front")
    async with serve(front.serve, "127.0.0.1", port, compression=None, backlog=4096):
        await asyncio.gather(front.listen(), front.pipe())


logging.basicConfig(level=logging.ERROR)
uvloop.run(main())
