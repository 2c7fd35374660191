"""Opens WebSockets as it is told to on its standard input, and tells on its standard output what comes.

A command and a report is a line of JSON each. `open` opens one socket, `many` a thousand of them, of which is told when
each of them has had a message with some text in it. A socket that is opened `slow` is never read from.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

sockets = {}
crowds = {}


def tell(**report):
    print(json.dumps(report), flush=True)


async def opened(command):
    kind = {"max_queue": 1} if command.get("slow") else {"max_queue": None}
    return await connect(
        command["url"],
        origin=command.get("origin"),
        additional_headers=command.get("headers") or {},
        compression=None,
        ping_interval=None,
        proxy=None,
        open_timeout=60,
        max_size=None,
        **kind,
    )


async def read(name, socket):
    try:
        async for text in socket:
            tell(name=name, what="message", text=text)
    except ConnectionClosed:
        pass
    tell(name=name, what="closed", code=socket.close_code or 1006)


async def open_one(command):
    name = command["name"]
    try:
        socket = await opened(command)
    except InvalidStatus as refusal:
        return tell(name=name, what="refused", status=refusal.response.status_code)
    except (InvalidHandshake, OSError, TimeoutError) as error:
        return tell(name=name, what="refused", status=0, error=str(error))
    sockets[name] = socket
    tell(name=name, what="open")
    if not command.get("slow"):
        await read(name, socket)


async def watch(crowd, socket):
    try:
        async for text in socket:
            if crowd["text"] and crowd["text"] in text:
                crowd["times"].append(time.time())
    except ConnectionClosed:
        pass
    crowd["closed"] += 1


async def open_many(command):
    crowd = {"text": command["text"], "times": [], "closed": 0, "sockets": []}
    crowds[command["name"]] = crowd
    for _ in range(command["count"]):
        socket = await opened(command)
        crowd["sockets"].append(socket)
        asyncio.create_task(watch(crowd, socket))
    tell(name=command["name"], what="open")
    while len(crowd["times"]) < command["count"] and not crowd["closed"]:
        await asyncio.sleep(0.01)
    tell(name=command["name"], what="all", times=sorted(crowd["times"]), closed=crowd["closed"])


async def obey(command):
    match command["do"]:
        case "open":
            asyncio.create_task(open_one(command))
        case "many":
            asyncio.create_task(open_many(command))
        case "send":
            try:
                await sockets[command["name"]].send(command["text"])
            except ConnectionClosed:
                pass
        case "send_bytes":
            await sockets[command["name"]].send(bytes(command["count"]))
        case "close":
            await sockets[command["name"]].close()


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        await obey(json.loads(line))


asyncio.run(main())
