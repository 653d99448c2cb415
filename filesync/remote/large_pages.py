"""Large pages of files, read at once where all that we read of them is as the API sends it."""

from __future__ import annotations

from sys import intern
from typing import Annotated

import msgspec
from msgspec import Meta

from filesync.core.model import RemoteFile
from filesync.remote.decode import LAST_SECOND, MAX_DETAILS, BadAnswer, parse_json, usable_id

_Seconds = Annotated[int, Meta(ge=0, le=LAST_SECOND)]


class _Plain(msgspec.Struct, gc=False):
    """A file whose fields have the types that the API gives them, or are missing."""

    id: str
    filename: str | None = None
    purpose: str | None = None
    bytes: Annotated[int, Meta(ge=0)] | None = None
    created_at: _Seconds | None = None
    expires_at: _Seconds | None = None
    status: str | None = None
    status_details: str | None = None


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DATA = msgspec.json.Decoder(list[_Plain])


def parse_plain(body: bytes) -> object:
    """Return the JSON of a page of files, its `data` as RemoteFiles; None for any other body.

    What can be made of another, and what is wrong with it, is for `decode.parse_json` to say.
    """
    try:
        fields = _FIELDS.decode(str(body, "utf-8"))
        data = [_remote(one) for one in _DATA.decode(fields.pop("data"))]
        others = {name: parse_json(bytes(value)) for name, value in fields.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, RecursionError, BadAnswer):
        return None
    return {**others, "data": data}


def _remote(file: _Plain) -> RemoteFile:
    details = file.status_details
    return RemoteFile(
        usable_id(file.id),
        file.filename or "",
        intern(file.purpose or ""),
        file.bytes,
        file.created_at or 0,
        file.expires_at,
        None if file.status is None else intern(file.status),
        None if details is None else details[:MAX_DETAILS],
    )
