"""What becomes of files that are on the platform already: entries, where content is known. Pure.

The API tells no hash and gives the content of some purposes to nobody. So an entry is made only
of what was downloaded, or of a local file with the same name and size, and that is said where
nothing could be compared. Whatever else was found is left as it is, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.from_remote.candidates import Found, Names
from filesync.core.model import LockEntry, RemoteFile
from filesync.core.servers import is_output
from filesync.core.text import plural

FOLDER = "files"
"""Where downloaded files go, below the manifest's folder."""

_STEM_BYTES, _SUFFIX_LENGTH = 200, 10


class Content(NamedTuple):
    """Content that is known: its sha256 (hex) and size, and the path it has or None."""

    sha256: str
    bytes: int
    path: str | None = None


class Declared(NamedTuple):
    """An entry to write. `fetched`: its content was downloaded and goes to `path`.

    `compared` is False where the content was taken for the same by name and size alone.
    """

    found: Found
    path: str
    sha256: str
    bytes: int
    fetched: bool
    compared: bool

    @property
    def is_fingerprinted(self) -> bool:
        """Say whether the entry has `fingerprint: true`: the name says what the content is."""
        token = self.found.token
        return token is not None and token.content == self.sha256[:12]

    @property
    def filename(self) -> str:
        """Return the entry's remote filename, without a fingerprint if it has one."""
        return self.found.filename if self.is_fingerprinted else self.found.remote.filename

    def locked(self, now: int) -> LockEntry:
        """Return the lock entry of a file that is as the manifest asks."""
        file = self.found.remote
        return LockEntry(
            file.id,
            self.path,
            self.sha256,
            self.bytes,
            file.filename,
            file.purpose,
            self.found.expires_after,
            file.created_at or now,
            file.expires_at,
        )


class Undeclared(NamedTuple):
    """A file that could be declared if its content were here, and why it is not."""

    found: Found
    why: str


class Import(NamedTuple):
    """What becomes of the found files."""

    declared: list[Declared]
    undeclared: list[Undeclared]


def settle(
    found: Sequence[Found],
    fetched: Mapping[str, Content],
    refused: Mapping[str, str],
    copies: Mapping[tuple[str, int], Sequence[Content]],
    taken: Iterable[str],
) -> Import:
    """Decide which files are declared, and by which path.

    `fetched` is the downloaded content by id, `refused` says by id why there is none. `copies`
    are the local files by name and size, and `taken` the names there are in FOLDER already.
    """
    return _Settling(fetched, refused, copies, taken).run(found)


class _Settling:
    def __init__(
        self,
        fetched: Mapping[str, Content],
        refused: Mapping[str, str],
        copies: Mapping[tuple[str, int], Sequence[Content]],
        taken: Iterable[str],
    ) -> None:
        self._fetched = fetched
        self._refused = refused
        self._copies = copies
        self._names = Names(str.casefold)
        for name in taken:
            self._names.take(name)
        self._placed: dict[tuple[str, str], str] = {}
        self._guessed: dict[tuple[str, int, str], str] = {}

    def run(self, found: Sequence[Found]) -> Import:
        result = Import([], [])
        for one in found:
            content = self._fetched.get(one.remote.id)
            settled = self._by_name(one) if content is None else self._by_content(one, content)
            if isinstance(settled, str):
                result.undeclared.append(Undeclared(one, settled))
            else:
                result.declared.append(settled)
        return result

    def _by_content(self, one: Found, content: Content) -> Declared | str:
        if one.remote.bytes not in (content.bytes, None):
            return f"its content has {content.bytes} bytes, the listing says {one.remote.bytes}"
        same = [
            copy.path
            for copy in self._copies.get((one.filename, content.bytes), ())
            if copy.sha256 == content.sha256 and copy.path is not None
        ]
        if same:
            return Declared(one, _nearest(same), content.sha256, content.bytes, False, True)
        # Files uploaded twice are common: one local file is enough for all of them.
        named = (one.filename, content.sha256)
        first = named not in self._placed
        if first:
            self._placed[named] = f"{FOLDER}/{self._names.take(*_local_name(one.filename))}"
        return Declared(one, self._placed[named], content.sha256, content.bytes, first, True)

    def _by_name(self, one: Found) -> Declared | str:
        size = one.remote.bytes
        copies = self._copies.get((one.filename, size), ()) if size is not None else ()
        if one.token is not None:
            copies = [copy for copy in copies if copy.sha256[:12] == one.token.content]
        if not copies or size is None:
            return self._refused.get(one.remote.id, "it was not downloaded")
        if len({copy.sha256 for copy in copies}) > 1:
            return f"{plural(len(copies), 'file')} here have its name and size, and differ"
        looks = (one.filename, size, one.remote.purpose)
        if one.token is None:
            # The newest of several has the best claim to be what is here.
            if looks in self._guessed:
                return f"it has the name and size of {self._guessed[looks]}, which is newer"
            self._guessed[looks] = one.key
        path = _nearest([copy.path for copy in copies if copy.path is not None])
        return Declared(one, path, copies[0].sha256, size, False, one.token is not None)


def would_be_orphans(
    files: Iterable[RemoteFile], declared: Iterable[Declared], project: str
) -> list[str]:
    """Return the ids that a plan for the new manifest would delete for their owner token."""
    owner = fingerprint.owner_token(project)
    ours = {one.found.remote.id for one in declared}
    return [
        file.id
        for file in files
        if file.id not in ours
        and not is_output(file.purpose)
        and (token := fingerprint.parse(file.filename)) is not None
        and token.owner == owner
    ]


def _nearest(paths: Iterable[str]) -> str:
    return min(paths, key=lambda path: (path.count("/"), path))


def _local_name(filename: str) -> tuple[str, str]:
    """Return a remote filename as stem and suffix of one that a folder can hold."""
    name = re.sub(r"[/\\\0]", "_", filename)
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _SUFFIX_LENGTH:
        stem, dot, suffix = name, "", ""
    return stem.encode()[:_STEM_BYTES].decode(errors="ignore"), dot + suffix
