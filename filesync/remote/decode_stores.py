"""From the JSON of an answer to vector stores and their members; strict about ids, as `decode`."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core.stores.model import (
    DAY,
    Chunking,
    FileCounts,
    RemoteMember,
    RemoteStore,
    Scalar,
)
from filesync.core.text import printable
from filesync.remote.decode import (
    BadAnswer,
    json_object,
    object_id,
    text_or_none,
    time_or_none,
    whole_or_none,
)

_LONGEST_REASON = 300
_LONGEST_PASSAGE = 20_000
_MOST_PASSAGES = 1_000


class Passage(NamedTuple):
    """One answer of a search: a piece of a file's text; a score of None was not reported."""

    file_id: str
    filename: str
    score: float | None
    attributes: dict[str, Scalar]
    text: str


def remote_store(raw: object) -> RemoteStore:
    """Return the store that an answer, or an item of a listing, describes."""
    store_id = object_id(raw)
    fields = json_object(raw)
    return RemoteStore(
        id=store_id,
        name=text_or_none(fields.get("name")),
        status=text_or_none(fields.get("status")) or "",
        expires_after=_expiry(fields.get("expires_after")),
        expires_at=time_or_none(fields.get("expires_at")),
        created_at=time_or_none(fields.get("created_at")) or 0,
        last_active_at=time_or_none(fields.get("last_active_at")),
        metadata=_texts(fields.get("metadata")),
        usage_bytes=whole_or_none(fields.get("usage_bytes")),
        counts=_counts(fields.get("file_counts")),
        description=text_or_none(fields.get("description")),
        tells_expiry="expires_after" in fields,
    )


def remote_member(raw: object) -> RemoteMember:
    """Return the member of a store that an answer, or an item of a listing, describes."""
    file_id = object_id(raw)
    fields = json_object(raw)
    status = text_or_none(fields.get("status")) or "completed"  # some servers index at once
    return RemoteMember(
        id=file_id,
        status=status,
        attributes=reported_attributes(raw),
        chunking=_chunking(fields.get("chunking_strategy")),
        error=_reason(fields.get("last_error")),
        usage_bytes=whole_or_none(fields.get("usage_bytes")),
    )


def reported_attributes(raw: object) -> dict[str, Scalar] | None:
    """Return the attributes of a member that an answer describes, None if it has none."""
    return _scalars(json_object(raw).get("attributes"))


def detached(raw: object) -> bool:
    """Return True for the answer to a detach; BadAnswer if it says that nothing was detached."""
    if json_object(raw).get("deleted", True) is not True:
        raise BadAnswer("the answer says that the file was not detached")
    return True


def passages(raw: object) -> list[Passage]:
    """Return what a search answered, in the server's order."""
    data = json_object(raw).get("data")
    if not isinstance(data, list):
        raise BadAnswer("the answer has no list in `data`")
    return [_passage(one) for one in data[:_MOST_PASSAGES]]


def _passage(raw: object) -> Passage:
    fields = json_object(raw)
    score = fields.get("score")
    content = fields.get("content")
    pieces = content if isinstance(content, list) else [{"text": content}]
    texts = [piece.get("text") for piece in pieces if isinstance(piece, dict)]
    text = "\n".join(one for one in texts if isinstance(one, str))
    return Passage(
        text_or_none(fields.get("file_id")) or "",
        text_or_none(fields.get("filename")) or "",
        float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
        dict(_scalars(fields.get("attributes")) or {}),
        text[:_LONGEST_PASSAGE],
    )


def _expiry(value: object) -> int | None:
    days = value.get("days") if isinstance(value, dict) else None
    found = whole_or_none(days)
    return None if found is None else found * DAY


def _texts(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    return {name: text for name, text in value.items() if isinstance(text, str)}


def _scalars(value: object) -> dict[str, Scalar] | None:
    if not isinstance(value, dict):
        return None
    return {name: one for name, one in value.items() if isinstance(one, str | int | float | bool)}


def _chunking(value: object) -> Chunking | None:
    static = value.get("static") if isinstance(value, dict) else None
    if not isinstance(static, dict):
        return None
    tokens = whole_or_none(static.get("max_chunk_size_tokens"))
    overlap = whole_or_none(static.get("chunk_overlap_tokens"))
    return None if tokens is None or overlap is None else Chunking(tokens, overlap)


def _counts(value: object) -> FileCounts:
    if not isinstance(value, dict):
        return FileCounts()
    return FileCounts(*(whole_or_none(value.get(name)) or 0 for name in FileCounts._fields))


def _reason(value: object) -> str:
    """Return the server's code and message, fit to be shown on one line."""
    if not isinstance(value, dict):
        return ""
    parts = [text_or_none(value.get(name)) or "" for name in ("code", "message")]
    text = printable(" ".join(": ".join(part for part in parts if part).split()))
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
