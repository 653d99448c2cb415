"""What the emulator changes in uvicorn's reading."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from filesync.emulator.server import MOST_WAITING, Protocol


class Transport:
    """A connection that remembers whether it is read from."""

    def __init__(self) -> None:
        self.paused: list[bool] = []
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.paused.append(True)

    def resume_reading(self) -> None:
        self.paused.append(False)

    def get_extra_info(self, name: str) -> None:
        return None


def test_content_that_nobody_takes_is_not_read_on() -> None:
    pieces = [bytes([i]) * (MOST_WAITING // 2) for i in range(6)]
    sent, taken = b"".join(pieces), bytearray()

    async def run() -> None:
        take = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await take.wait()
            while len(taken) < len(sent):
                taken.extend((await receive())["body"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        async def arrive(*pieces: bytes) -> None:
            for piece in pieces:
                protocol.data_received(piece)
                await asyncio.sleep(0)

        config = uvicorn.Config(cast(Any, app), log_config=None, interface="asgi3")
        protocol, transport = Protocol(config, ServerState(), {}), Transport()
        protocol.connection_made(cast(asyncio.Transport, transport))
        await arrive(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(sent), *pieces[:2])
        assert transport.paused == []
        await arrive(pieces[2])
        assert transport.paused == [True]
        take.set()
        while transport.paused != [True, False]:
            await asyncio.sleep(0)
        await arrive(*pieces[3:])
        while not transport.written:
            await asyncio.sleep(0)
        protocol.connection_lost(None)

    asyncio.run(run())
    assert taken == sent
