"""The line to the server: how slow it is, and the connections that break."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Send

_HTML = b"<!doctype html><title>Bad gateway</title><h1>Please try again later</h1>\n"
_SLICE_SECONDS = 0.05


class Gone(Exception):
    """The connection was broken on purpose: there is nobody to answer."""


def slowed(receive: Receive, send: Send, bandwidth: float) -> tuple[Receive, Send]:
    """Return the two with so many bytes a second on their way; 0 is as many as there can be."""
    if not bandwidth:
        return receive, send

    async def receive_slowly() -> Message:
        message = await receive()
        await asyncio.sleep(len(message.get("body", b"")) / bandwidth)
        return message

    async def send_slowly(message: Message) -> None:
        body: bytes = message.get("body", b"")
        size = max(1, int(bandwidth * _SLICE_SECONDS))
        while len(body) > size:
            await asyncio.sleep(size / bandwidth)
            await send({**message, "body": body[:size], "more_body": True})
            body = body[size:]
        await asyncio.sleep(len(body) / bandwidth)
        await send({**message, "body": body} if body else message)

    return receive_slowly, send_slowly


async def break_off(receive: Receive) -> None:
    """End the connection, with what was sent so far still on its way; raises Gone."""
    # ASGI has no word for this. `receive` is a method of what holds the connection in uvicorn.
    receive.__self__.transport.close()  # type: ignore[attr-defined]
    await asyncio.sleep(0)  # the server hears of it in the next round of the loop
    raise Gone


def losing(receive: Receive, send: Send, *, half: bool) -> Send:
    """Return what sends no answer, or only the first half of its body, and breaks off."""

    async def lose(message: Message) -> None:
        if half:
            body: bytes = message.get("body", b"")
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            if message["type"] == "http.response.start":
                return
        await break_off(receive)

    return lose


async def send_page(send: Send) -> None:
    """Answer with a page in place of JSON, as a gateway does."""
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(_HTML)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _HTML})
