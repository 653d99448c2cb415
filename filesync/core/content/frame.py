"""What a JSONL file holds, recognised by its first lines: the rest is compared with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeVar

from filesync.core.content import batch, chat, fine_tune
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import BOM, LineParser
from filesync.core.servers import COMPATIBLE, SERVER_TYPES

_T = TypeVar("_T")

LineFormat = Literal["batch", "chat", "completions", "preference", "reinforcement", "json"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# What is often uploaded by mistake in place of the text: the first bytes, and what it is.
_NOT_TEXT = (
    (b"\x1f\x8b", "compressed with gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
)
_NO_ANSWERS = (
    "no-answers",
    "no example has an assistant message: that is right for reinforcement only",
)


# How much of the first lines is looked at, in bytes: some 50 lines of usual length.
_LOOKED_AT = 64 * 2**10


class Frame(NamedTuple):
    """What each line of a file is compared with; `url` and `model` are for batches.

    `format` is None where no line says what the file is. `server` is the name of the type of
    server it goes to. `refused` says why its lines need no look at all, `doubt` what is odd about
    all of them.
    """

    format: LineFormat | None
    url: str | None = None
    model: str | None = None
    server: str = COMPATIBLE.name
    refused: Fault | None = None
    doubt: Fault | None = None


def frame_of(
    purpose: str, head: bytes, lines: Iterable[bytes], server: str = COMPATIBLE.name
) -> Frame:
    """Return the frame of a file of a purpose that is JSONL: what most of its first lines are.

    `head` are its first bytes, `lines` some of its first lines, without their ends. `server` is
    the name of the type of server it goes to.
    """
    frame = Frame("batch" if purpose == "batch" else None, server=server)
    if head.startswith(_UTF16):
        fault = "not-utf-8", "this is UTF-16: save the file as UTF-8"
        return frame._replace(format=None, refused=fault)
    for magic, what in _NOT_TEXT:
        if head.startswith(magic):
            return frame._replace(
                format=None, refused=("invalid-json", f"not JSON: this is {what}")
            )
    if purpose == "evals":
        return frame._replace(format="json")
    found = list(_objects(lines))
    if purpose != "batch":
        return _of_examples(frame, found)
    requests = [batch.as_openai(one, SERVER_TYPES[server]) for one in found]
    url, model = (
        _most(one for request in requests if (one := named(request)))
        for named in (batch.url_of, batch.model_of)
    )
    return frame._replace(url=url, model=model)


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the objects on lines, as many as are looked at."""
    parser, seen = LineParser(), 0
    for line in lines:
        found = parser.parse(line.removeprefix(BOM))
        if found is not None:
            yield found
        seen += len(line)
        if seen > _LOOKED_AT:
            return


def _most(values: Iterable[_T]) -> _T | None:
    """Return the value that is there most often, the first of several; None without any."""
    return next((value for value, _ in Counter(values).most_common(1)), None)


def _of_examples(frame: Frame, examples: list[dict[str, Any]]) -> Frame:
    formats = [one for example in examples if (one := fine_tune.format_of(example))]
    # Of a chat, only its end says whether it is one for reinforcement: the two count as one.
    most = _most(fine_tune.LIKE.get(one, one) for one in formats)
    if most != "chat":
        return frame._replace(format=most)
    chats = [one for one in formats if one in fine_tune.LIKE]
    if _most(chats) == "chat" and len(chats) >= fine_tune.MIN_EXAMPLES:
        talks = (chat.conversation_of(example) for example in examples)
        if not any(chat.role_of(one) == "assistant" for talk in talks for _, one in talk.messages):
            return frame._replace(format="reinforcement", doubt=_NO_ANSWERS)
    return frame._replace(format=_most(chats))
