"""Find the objects of a manifest's entries whose path or glob is a URL, and every problem.

An object that is not there is a Problem, as a missing file is. What keeps a store from answering
(credentials, a bucket, the network) raises, for every store at once: nothing of it is just
missing from the result, because the plan would delete a missing file.
"""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from filesync.core.globs import Glob, Matcher, States
from filesync.core.model import Entry, ScannedFile
from filesync.core.object_url import ObjectUrl, object_url
from filesync.core.text import composed, has_controls, printable
from filesync.errors import NoSuchObject, ObjectStoreError, Problem
from filesync.storage.objects import Found, Objects
from filesync.storage.threads import each

_THREADS = 16


def scan_objects(
    entries: Sequence[Entry], objects: Objects, manifest: str
) -> tuple[list[ScannedFile], list[Problem]]:
    """Find the objects of entries that name one by URL, each prefix listed once; none is read.

    Keys are those of local files: the entry's for a path, `<entry key>/<path below the glob's
    fixed prefix>` for a glob. `exclude` speaks the glob language, for whole URLs of the same
    bucket or for keys in it. `manifest` is the path that messages name. Raises ObjectStoreError.
    """
    found, problems = [], []
    tasks: list[_Lookup | _Listing] = [
        _Lookup(entry, object_url(entry.path)) for entry in entries if entry.path is not None
    ]
    globs = [_UrlGlob(entry) for entry in entries if entry.glob is not None]
    tasks += _listings(globs)
    failures: list[tuple[Entry, ObjectStoreError]] = []

    def work(task: _Lookup | _Listing, stop: threading.Event) -> _Outcome:
        try:
            return task.run(objects, stop)
        except ObjectStoreError as error:
            return error

    for task, outcome in each(tasks, work, _THREADS):
        if isinstance(outcome, NoSuchObject) and isinstance(task, _Lookup):
            problems.append(_problem(task.entry, _missing(task)))
        elif isinstance(outcome, ObjectStoreError):
            failures.append((task.entry, outcome))
        else:
            found += outcome
    if failures:
        raise _failure(failures, manifest)
    filled = {file.entry.key for file in found}
    for one in globs:
        if one.entry.key not in filled and not one.entry.allow_empty:
            message = f"{one.url.shown} matches no object; set `allow_empty: true` to allow that"
            problems.append(_problem(one.entry, message))
    problems += [
        _problem(file.entry, f"the name {printable(file.path)} has control characters")
        for file in found
        if has_controls(file.path)
    ]
    return sorted(found, key=lambda file: file.key), problems


_Outcome = list[ScannedFile] | ObjectStoreError


class _Lookup(NamedTuple):
    """One object to look up."""

    entry: Entry
    url: ObjectUrl

    def run(self, objects: Objects, stop: threading.Event) -> list[ScannedFile]:  # noqa: ARG002
        return [_scanned(self.entry, self.entry.key, self.url, objects.find(self.url))]


class _UrlGlob:
    """A glob entry over the keys of a bucket."""

    def __init__(self, entry: Entry) -> None:
        assert entry.glob is not None
        self.entry = entry
        self.url = object_url(entry.glob)
        self.glob = Glob(self.url.key)
        self.prefix = "/".join(self.glob.prefix)
        self._excludes = [Glob(_within(one, self.url), dots=True) for one in entry.exclude]
        self._folder = ""
        self._tests = self._of_folder("")

    def matches(self, key: str) -> bool:
        """Say whether the object of a key is one of the entry's."""
        folder, _, name = key.rpartition("/")
        if folder != self._folder:  # a listing is in order, so the next key is often beside it
            self._folder, self._tests = folder, self._of_folder(folder)
        wanted, excluded = self._tests
        if wanted is None or not wanted(name):
            return False
        return not any(test(name) for test in excluded)

    def _of_folder(self, folder: str) -> tuple[Matcher | None, list[Matcher]]:
        wanted = _final(self.glob, folder)
        return wanted, [test for one in self._excludes if (test := _final(one, folder))]

    def key_of(self, key: str) -> str:
        """Return the key that the file of an object has, composed as those of files on disk."""
        below = key[len(self.prefix) + 1 :] if self.prefix else key
        return composed(f"{self.entry.key}/{below}")


def _final(glob: Glob, folder: str) -> Matcher | None:
    states: States = glob.start
    for name in folder.split("/") if folder else ():
        states = glob.step(states, name)
    return glob.final(states)


class _Listing:
    """One prefix to list, for all globs that are within it."""

    def __init__(self, first: _UrlGlob) -> None:
        self.entry = first.entry
        self._url = first.url.at(first.prefix)
        self._globs = [first]

    def covers(self, other: _UrlGlob) -> bool:
        """Say whether the listing has all that another glob can match."""
        same = (other.url.scheme, other.url.bucket) == (self._url.scheme, self._url.bucket)
        return same and f"{other.prefix}/".startswith(f"{self._url.key}/".lstrip("/"))

    def add(self, other: _UrlGlob) -> None:
        """Look for another glob's objects, too."""
        self._globs.append(other)

    def run(self, objects: Objects, stop: threading.Event) -> list[ScannedFile]:
        files: list[ScannedFile] = []
        for found in objects.list(self._url):
            if stop.is_set():
                break
            for one in self._globs:
                if one.matches(found.key) and not (
                    found.bytes == 0 and _is_folder(objects, self._url.at(found.key))
                ):
                    url = one.url.at(found.key)
                    files.append(_scanned(one.entry, one.key_of(found.key), url, found))
        return files


def _listings(globs: Sequence[_UrlGlob]) -> Iterator[_Listing]:
    """Yield the fewest listings that have all that the globs can match."""
    listings: list[_Listing] = []
    for one in sorted(globs, key=lambda one: len(one.prefix)):
        for listing in listings:
            if listing.covers(one):
                listing.add(one)
                break
        else:
            listings.append(_Listing(one))
    yield from listings


def _is_folder(objects: Objects, url: ObjectUrl) -> bool:
    """Say whether an empty object stands for a folder: consoles make one whose key ends in "/".

    obstore lists it without the "/", and there is no object of that name.
    """
    try:
        objects.find(url)
    except NoSuchObject:
        return True
    return False


def _within(exclude: str, url: ObjectUrl) -> str:
    """Return a pattern of `exclude` as one for keys in a glob's bucket."""
    return exclude.removeprefix(f"{url.scheme}://{url.bucket}/")


def _scanned(entry: Entry, key: str, url: ObjectUrl, found: Found) -> ScannedFile:
    times = found.modified_ns, 0, 0
    return ScannedFile(entry, key, url.shown, url.text, found.bytes, *times, version=found.version)


def _missing(task: _Lookup) -> str:
    url = task.url
    hint = ""
    if url.key.endswith("/") or (not url.key and not url.is_web):
        hint = f"; for all objects below it write `glob: {posixpath.join(url.shown, '**')}`"
    elif not url.is_web and set(url.key) & set("*?["):
        hint = "; for a pattern write `glob` in place of `path`"
    return f"no such object: {url.shown}{hint}"


def _problem(entry: Entry, message: str) -> Problem:
    field = "path" if entry.glob is None else "glob"
    return Problem(*entry.at(field), f"files.{printable(entry.key)}.{field}", message)


def _failure(failures: Sequence[tuple[Entry, ObjectStoreError]], manifest: str) -> ObjectStoreError:
    """Return one error for all that failed, each with its line; the hint is the first one's."""
    lines = []
    for entry, error in sorted(failures, key=lambda one: one[0].at("")):
        found = _problem(entry, error.message)
        lines.append(f"{manifest}:{found.line}:{found.col}: {found.where}: {found.message}")
    hints = list(dict.fromkeys(error.hint for _, error in failures if error.hint))
    return ObjectStoreError("\n".join(lines), "\n".join(hints))
