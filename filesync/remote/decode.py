"""From the JSON of an answer to our own types; strict about ids, lenient about the rest.

Compatible servers leave out or null almost any field of a file. An id is another matter: it
goes into URLs and into the lockfile, so one that could mean something else there is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from sys import intern

from filesync.core.ids import MAX_ID, is_id
from filesync.core.model import Job, RemoteFile
from filesync.core.text import printable

MAX_DETAILS = 500  # characters of what a server says of a file
LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a calendar can show


class BadAnswer(Exception):
    """A success status with something else than what the API sends; says what is wrong."""


def parse_json(body: bytes) -> object:
    """Return the JSON in `body`; BadAnswer for HTML, cut or absurdly nested text."""
    try:
        return json.loads(body, parse_constant=_not_told, parse_float=_finite)
    except (ValueError, RecursionError):
        what = "a web page" if looks_like_html(body) else "no whole JSON document"
    raise BadAnswer(f"the answer is {what}")


def _not_told(_literal: str) -> None:
    """Return None for NaN and Infinity, which Python reads and no JSON of ours may hold."""


def _finite(digits: str) -> float | None:
    """Return a number, None for one too large, which would be infinity."""
    number = float(digits)
    return number if math.isfinite(number) else None


def looks_like_html(body: bytes) -> bool:
    """Say whether `body` is a page of some gateway."""
    return body.lstrip()[:1] == b"<"


def json_object(raw: object) -> dict[str, object]:
    """Return `raw`, a JSON object, or raise BadAnswer."""
    if not isinstance(raw, dict):
        raise BadAnswer("the answer is not a JSON object")
    return raw


def object_id(raw: object) -> str:
    """Return the `id` of an object, or raise BadAnswer if it is missing or not usable."""
    return usable_id(json_object(raw).get("id"))


def usable_id(found: object) -> str:
    """Return an id that was found, or raise BadAnswer if it is missing or not usable."""
    if isinstance(found, int):
        raise BadAnswer(f"the answer has an id that is not text: {found}")
    if not isinstance(found, str) or not found:
        raise BadAnswer("the answer has an object without an id")
    if not is_id(found):
        shown = printable(found)[:80]
        if len(found) > MAX_ID:
            raise BadAnswer(f"the answer has an id of {len(found):,} characters: '{shown}…'")
        raise BadAnswer(f"the answer has an id that cannot be one: {shown!r}")
    return found


def remote_file(raw: object) -> RemoteFile:
    """Return the file that an answer, or an item of a listing, describes."""
    fields = json_object(raw)
    get = fields.get
    status, size, expires_at = get("status"), get("bytes"), get("expires_at")
    return RemoteFile(
        object_id(fields),
        _text(get("filename")),
        intern(_text(get("purpose"))),  # in memory once, not once a file, and so is the status
        # A listing of 100,000 files is half as long in here if the plain cases call nothing.
        size if type(size) is int and size >= 0 else whole_or_none(size),
        time_or_none(get("created_at")) or 0,
        None if expires_at is None else time_or_none(expires_at),
        intern(status) if isinstance(status, str) else None,
        details[:MAX_DETAILS] if isinstance(details := get("status_details"), str) else None,
    )


def file_of(file_id: str, raw: object) -> RemoteFile:
    """Return the file that an answer describes; BadAnswer if it is another than the one meant."""
    found = remote_file(raw)
    if found.id != file_id:
        raise BadAnswer(f"the answer is about {printable(found.id)[:80]}")
    return found


def fine_tuning_job(raw: object) -> Job:
    """Return a fine-tuning job and the files it reads."""
    return _job(raw, "fine-tuning job", ("training_file", "validation_file"))


def batch(raw: object) -> Job:
    """Return a batch and the file it reads."""
    return _job(raw, "batch", ("input_file_id",))


def vector_store(raw: object) -> Job:
    """Return a vector store; which files it holds has to be asked."""
    fields = json_object(raw)
    counts = fields.get("file_counts")
    total = whole_or_none(counts.get("total")) if isinstance(counts, dict) else None
    changed = (json.dumps(counts, sort_keys=True), fields.get("usage_bytes"))
    return _job(raw, "vector store", ())._replace(
        size=total, expires_at=time_or_none(fields.get("expires_at")), changed=changed
    )


def _job(raw: object, kind: str, fields: tuple[str, ...]) -> Job:
    told = json_object(raw)
    files = tuple(value for field in fields if isinstance(value := told.get(field), str))
    return Job(object_id(raw), kind, _text(told.get("status")), files)


def file_of_upload(raw: object) -> RemoteFile:
    """Return the file that a completed upload made."""
    return remote_file(json_object(raw).get("file"))


def deletion_of(file_id: str) -> Callable[[object], bool]:
    """Return what reads the answer to the delete of one file; BadAnswer if it is about another."""

    def read(raw: object) -> bool:
        if json_object(raw).get("id", file_id) not in (file_id, None):
            raise BadAnswer("the answer is about another file")
        return deleted(raw)

    return read


def deleted(raw: object) -> bool:
    """Return True for the answer to a delete; BadAnswer if it says the file was not deleted."""
    if json_object(raw).get("deleted", True) is not True:
        raise BadAnswer("the answer says that the file was not deleted")
    return True


def text_or_none(value: object) -> str | None:
    """Return a text, None for anything else."""
    return value if isinstance(value, str) else None


def _text(value: object) -> str:
    return text_or_none(value) or ""


def whole_or_none(value: object) -> int | None:
    """Return a whole number from 0, None for anything else."""
    # Some servers count in floats. `type`, not isinstance, because a bool is not a number here.
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def time_or_none(value: object) -> int | None:
    """Return a time in Unix seconds, None for what no calendar can show."""
    seconds = whole_or_none(value)
    return seconds if seconds is not None and seconds <= LAST_SECOND else None
