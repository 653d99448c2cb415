"""Whether a file in a listing may be one that we know of, by what a listing shows of it."""

from __future__ import annotations

import enum
from typing import Protocol
from unicodedata import combining, normalize
from urllib.parse import unquote

from filesync.core import fingerprint
from filesync.core.model import RemoteFile
from filesync.core.purposes import OUTPUT_PURPOSES


class Known(Protocol):
    """A file whose name, size and purpose are known: uploaded, or to be uploaded."""

    @property
    def filename(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def purpose(self) -> str: ...


class Fit(enum.IntEnum):
    """How well a listed file fits one that we know of. MAYBE: nothing shown speaks for certain."""

    NO = 0
    MAYBE = 1
    YES = 2


def shown_name(filename: str) -> str:
    """Return a filename in the one form that all servers' ways of storing it have in common."""
    return fingerprint.rewritten(unquote(filename))


def similar_names(one: str, other: str) -> bool:
    """Say whether a server may have made one filename of the other.

    Besides what all are known to do, some drop folders, accents or case, and some put a token of
    their own before or after the name.
    """
    if shown_name(one) == shown_name(other):
        return True
    mine, theirs = _skeleton(one), _skeleton(other)
    if not mine or not theirs:
        return False
    longer, shorter = sorted((mine, theirs), key=len, reverse=True)
    return mine == theirs or (len(shorter) >= _TELLING and shorter in longer)


_TELLING = 8  # letters and digits; fewer are part of many a name


def _skeleton(filename: str) -> str:
    """Return a filename's letters and digits; "" if it has some that ASCII has not."""
    plain = "".join(
        one for one in normalize("NFKD", unquote(filename).casefold()) if not combining(one)
    )
    return "".join(filter(str.isalnum, plain)) if plain.isascii() else ""


def resembles(file: RemoteFile, known: Known) -> bool:
    """Say whether a listed file has the name, size and purpose of `known`.

    A name may be as a server rewrites it. A size of None and a purpose of "" are not told, and
    then do not count: a server may not know a size yet, and some list every file without purpose.
    """
    return (
        file.bytes in (known.bytes, None)
        and file.purpose in (known.purpose, "")
        and shown_name(file.filename) == shown_name(known.filename)
    )


def fit(file: RemoteFile, known: Known) -> Fit:
    """Say how well a listed file fits a file that was uploaded for certain.

    A name or a size that the server leaves out may be anything, so it speaks neither for the file
    nor against it. The same goes for another purpose than the one asked for, where name and size
    are right: a server may keep its own. One that is left out does not count: some servers know
    none. Files that jobs make are never ours.
    """
    if file.purpose in OUTPUT_PURPOSES:
        return Fit.NO
    name = _told(shown_name(file.filename) == shown_name(known.filename), bool(file.filename))
    size = _told(file.bytes == known.bytes, file.bytes is not None)
    look = min(name, size)
    if file.purpose in (known.purpose, ""):
        return look
    return Fit.MAYBE if look is Fit.YES else Fit.NO


def _told(same: bool, told: bool) -> Fit:
    if not told:
        return Fit.MAYBE
    return Fit.YES if same else Fit.NO
