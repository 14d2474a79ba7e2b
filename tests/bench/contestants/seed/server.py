"""The stack of the article: Python's asyncio with `websockets` in front, Redis behind for numbers, history and passing on.

A message is appended to the room's list, whose new length is its number, and then published; every front process
subscribes to the rooms its members are in and passes on what it hears. Who reconnects is given the list after the last
number it saw. As in the article, one front process here: a second would have to share the same core.

Done for its speed: the C parser for Redis' answers, the C parts of `websockets`, no compression, one subscription for a
room and not for a member, `broadcast`, which frames a message once for all members. Two messages of a room may be
published in the other order than they were numbered, because each goes through a connection of its own out of the
client's pool; the bench counts that as misordered.
"""

import asyncio
import json
import logging
import sys

from redis.asyncio import BlockingConnectionPool, Redis
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed


class Room:
    """Members of a room on this process; of those who are joining, what they must not miss meanwhile."""

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

    async def listen(self):
        async for heard in self.hears.listen():
            room = self.rooms.get(heard["channel"].decode())
            if room is None:
                continue
            if heard["type"] == "subscribe":
                room.subscribed.set()
            elif heard["type"] == "message":
                text = heard["data"].decode()
                broadcast(room.members, text)
                for waiting in room.joining.values():
                    waiting.append(text)

    async def room(self, name):
        channel = "room:" + name
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
            await socket.send(message(number, body.decode()))
        last = after + len(history)
        while waiting:
            text = waiting.pop(0)
            if json.loads(text)["seq"] > last:
                await socket.send(text)
        del room.joining[socket]
        room.members.add(socket)
        return room

    async def serve(self, socket):
        room = None
        try:
            join = json.loads(await socket.recv())
            room = await self.join(socket, join["room"], join["after"])
            async for frame in socket:
                body = json.dumps(json.loads(frame)["body"])
                number = await self.redis.rpush(room.log, body)
                await self.redis.publish(room.channel, message(number, body))
        except ConnectionClosed:
            pass
        finally:
            if room is not None:
                room.members.discard(socket)
                room.joining.pop(socket, None)


def message(number, body):
    return '{"seq":%d,"body":%s}' % (number, body)


async def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    pool = BlockingConnectionPool.from_url("unix://" + path, max_connections=64, timeout=None)
    front = Front(Redis(connection_pool=pool))
    # The listener wants one subscription from the start, and members come as soon as the port is open.
    await front.hears.subscribe("front")
    async with serve(front.serve, "127.0.0.1", port, compression=None, backlog=4096):
        await front.listen()


logging.basicConfig(level=logging.ERROR)
asyncio.run(main())
