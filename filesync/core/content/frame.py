"""What a JSONL file holds, recognised by its first lines: the rest is compared with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from filesync.core.content import batch, fine_tune
from filesync.core.content.findings import Fault
from filesync.core.content.json_line import LineParser

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


class Frame(NamedTuple):
    """What each line of a file is compared with; `url` and `model` are for batches.

    `format` is None where no line says what the file is. `refused` says why its lines need no
    look at all.
    """

    format: LineFormat | None
    url: str | None = None
    model: str | None = None
    refused: Fault | None = None


def frame_of(purpose: str, head: bytes, lines: Iterable[bytes]) -> Frame:
    """Return the frame of a file of a purpose that is JSONL.

    `head` are its first bytes, `lines` some of its first lines, without their ends.
    """
    if head.startswith(_UTF16):
        return Frame(None, refused=("not-utf-8", "this is UTF-16: save the file as UTF-8"))
    for magic, what in _NOT_TEXT:
        if head.startswith(magic):
            return Frame(None, refused=("invalid-json", f"not JSON: this is {what}"))
    if purpose == "evals":
        return Frame("json")
    frame = Frame("batch" if purpose == "batch" else None)
    parser = LineParser()
    for line in lines:
        found = parser.parse(line.removeprefix(b"\xef\xbb\xbf"))
        if found is None:
            continue
        frame = _with(frame, found) if purpose == "batch" else Frame(fine_tune.format_of(found))
        if frame.format and (purpose != "batch" or (frame.url and frame.model)):
            break
    return frame


def _with(frame: Frame, request: dict[str, Any]) -> Frame:
    return frame._replace(
        url=frame.url or batch.url_of(request), model=frame.model or batch.model_of(request)
    )
