"""The lockfile: which remote file holds which content, as text that diffs and merges like code.

`parse` believes nothing: a lockfile that is damaged, half merged or of another version is an
error, because an empty one would mean "upload everything again".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from json.encoder import encode_basestring
from typing import Any

from filesync.core.model import LockEntry, Retired
from filesync.core.text import printable
from filesync.errors import LockfileError

VERSION = 1
_ID = re.compile(r"[\x21-\x2e\x30-\x7e]{1,512}")  # goes into URLs and shells: no space, no slash
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INTEGERS = range(1 << 62)
_FIX = "restore it from git (git log -p on the file shows its past); do not edit it by hand"


@dataclass
class Lockfile:
    """The lock in memory; `retired` maps a superseded file's id to its record.

    Several keys may hold one file, and only one that none holds is retired: `put`, `drop` and
    `retire` see to that, so nothing else changes `files` or `retired`.
    """

    project: str
    base_url: str
    files: dict[str, LockEntry] = field(default_factory=dict)
    retired: dict[str, Retired] = field(default_factory=dict)
    _holders: Counter[str] | None = field(default=None, init=False, repr=False, compare=False)

    def id(self, key: str) -> str:
        """Return the remote file id for a key; KeyError if the lock has no such key."""
        return self.files[key].id

    def owned_ids(self) -> set[str]:
        """Return every remote id the lock answers for, current and retired."""
        return {entry.id for entry in self.files.values()} | set(self.retired)

    def held(self, file_id: str, besides: str | None = None) -> bool:
        """Say whether any key holds a file, or any besides one."""
        own = besides in self.files and self.files[besides].id == file_id
        return self._count()[file_id] > own

    def put(self, key: str, entry: LockEntry) -> None:
        """Let a key hold a file, which need not wait to be deleted any more."""
        self.take_out(key)
        self.files[key] = entry
        self._count()[entry.id] += 1
        self.retired.pop(entry.id, None)

    def take_out(self, key: str) -> LockEntry | None:
        """Let a key hold nothing any more; return the entry it had."""
        holders = self._count()
        entry = self.files.pop(key, None)
        if entry is not None:
            holders[entry.id] -= 1
        return entry

    def retire(self, file_id: str, key: str, delete_after: int) -> bool:
        """Put a superseded file on the waiting list, until a Unix second it may be deleted from.

        One that a key still holds stays off it. Returns whether it waits.
        """
        if self.held(file_id):
            return False
        self.retired[file_id] = Retired(file_id, key, delete_after)
        return True

    def drop(self, file_id: str, key: str | None) -> None:
        """Forget a file that is gone, whether `key` holds it or it waits in `retired`."""
        self.retired.pop(file_id, None)
        if key in self.files and self.files[key].id == file_id:
            self.take_out(key)

    def _count(self) -> Counter[str]:
        """Return how many keys hold each id; counted once, then kept."""
        if self._holders is None:
            self._holders = Counter(entry.id for entry in self.files.values())
        return self._holders


def dump(lock: Lockfile) -> bytes:
    """Return the lockfile's text: sorted by key, one file a line, newline at the end."""
    text = json.JSONEncoder(ensure_ascii=False).encode
    files = ",\n".join(
        f"    {encode_basestring(key)}: {_entry_text(entry)}"
        for key, entry in sorted(lock.files.items())
    )
    # The second retired file and on stand under the first, so that each has a line to merge by.
    retired = ",\n              ".join(
        text({"id": r.id, "key": r.key, "delete_after": r.delete_after})
        for r in sorted(lock.retired.values(), key=lambda r: (r.key, r.delete_after, r.id))
    )
    return (
        "{\n"
        f'  "version": {VERSION},\n'
        f'  "project": {text(lock.project)},\n'
        f'  "base_url": {text(lock.base_url)},\n'
        f'  "files": {{{chr(10) + files + chr(10) + "  " if files else ""}}},\n'
        f'  "retired": [{retired}]\n'
        "}\n"
    ).encode()


def _entry_text(entry: LockEntry) -> str:
    # Put together by hand: a third of the time that an encoder takes for 100,000 dicts.
    text = encode_basestring
    expires_after = "null" if entry.expires_after is None else entry.expires_after
    expires_at = "null" if entry.expires_at is None else entry.expires_at
    # Only protected files say so: it must outlive the manifest's entry to mean "never".
    protect = ', "protect": true' if entry.protect else ""
    return (
        f'{{"id": {text(entry.id)}, "path": {text(entry.path)}, "sha256": {text(entry.sha256)}, '
        f'"bytes": {entry.bytes}, "filename": {text(entry.filename)}, '
        f'"purpose": {text(entry.purpose)}, "expires_after": {expires_after}, '
        f'"created_at": {entry.created_at}, "expires_at": {expires_at}{protect}}}'
    )


def parse(text: bytes, path: str) -> Lockfile:
    """Read a lockfile's text; `path` is for messages. Raises LockfileError for anything unsound."""
    try:
        return _Reader(path).read(text)
    except RecursionError:
        raise _broken(path, "is nested too deeply") from None


def check_owner(lock: Lockfile, path: str, project: str, base_url: str) -> None:
    """Raise LockfileError if the lock was written for another project or base_url."""
    if lock.project != project:
        raise LockfileError(
            f"{path} belongs to project {printable(lock.project)!r}, "
            f"and the manifest says {project!r}",
            "set `project` back, or use another manifest for the new project "
            "(its files would all be uploaded again)",
        )
    if lock.base_url != base_url:
        raise LockfileError(
            f"{path} was written for {printable(lock.base_url)}, and this run talks to {base_url}",
            f"pass --base-url {printable(lock.base_url)}, "
            "or give each server an environment or a manifest (and so a lockfile) of its own",
        )


def _encodable(data: object) -> bool:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _broken(path: str, what: str, hint: str = _FIX) -> LockfileError:
    return LockfileError(f"{path} {what}", hint)


# What `dump` writes of a file that is not protected, in this order, and what types JSON makes it.
_WRITTEN = LockEntry._fields[:-1]
_MAYBE = (int, type(None))
_TYPES = set(product(*([t] for t in (str, str, str, int, str, str)), _MAYBE, [int], _MAYBE))


def _is_sound(written: tuple[Any, ...]) -> bool:
    """Make the checks of `_Reader.entry` in one go; only those say which one failed."""
    if tuple(map(type, written)) not in _TYPES:
        return False
    file_id, path, sha256, size, filename, purpose, expires_after, created_at, expires_at = written
    return (
        _ID.fullmatch(file_id) is not None
        and _SHA256.fullmatch(sha256) is not None
        and path != ""
        and filename != ""
        and purpose != ""
        and size in _INTEGERS
        and created_at in _INTEGERS
        and (expires_after is None or expires_after in _INTEGERS)
        and (expires_at is None or expires_at in _INTEGERS)
    )


class _Reader:
    """Checks each field by hand: 100,000 entries in a fraction of what a model class takes."""

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self, text: bytes) -> Any:
        """Return the JSON, objects as dicts without duplicates, entries in short as tuples."""
        try:
            data = json.loads(text.decode(), object_pairs_hook=self._object)
        except UnicodeDecodeError as error:
            raise _broken(self.path, f"is not UTF-8 text (byte {error.start + 1})") from None
        except json.JSONDecodeError as error:
            if b"<<<<<<<" in text or b">>>>>>>" in text:
                raise _broken(
                    self.path, "has git conflict markers", "resolve the merge, then run again"
                ) from None
            where = f"line {error.lineno}, column {error.colno}"
            raise _broken(self.path, f"is not valid JSON: {error.msg}: {where}") from None
        except ValueError as error:  # a number of more digits than Python will read
            raise _broken(self.path, f"is not valid JSON: {error}") from None
        if not isinstance(data, dict):
            raise _broken(self.path, "is not a JSON object")
        if b"\\u" in text and not _encodable(data):
            raise _broken(self.path, "has half a surrogate pair in it, which is no text")
        return data

    def read(self, text: bytes) -> Lockfile:
        """Return the lockfile that the text is."""
        data = self.load(text)
        version = data.get("version")
        if version != VERSION or isinstance(version, bool):
            raise _broken(
                self.path,
                f"has version {version!r}, and this filesync reads version {VERSION}",
                "upgrade filesync if the lockfile is newer; " + _FIX,
            )
        self._only(data, {"version", "project", "base_url", "files", "retired"}, "it")
        lock = Lockfile(
            self._text(data, "project", "it"),
            self._text(data, "base_url", "it"),
        )
        files = data.get("files")
        if not isinstance(files, dict):
            raise _broken(self.path, "has no `files` object")
        for key, value in files.items():
            lock.files[key] = self.entry(key, value)
        retired = data.get("retired", [])
        if not isinstance(retired, list):
            raise _broken(self.path, "has a `retired` that is not a list")
        for value in retired:
            record = self._retired(value)
            lock.retired[record.id] = record
        return lock

    def entry(self, key: str, value: object) -> LockEntry:
        """Return the entry that a value of `files` is."""
        if isinstance(value, tuple):
            if _is_sound(value):
                return LockEntry(*value)
            value = dict(zip(_WRITTEN, value, strict=True))
        where = f"files.{printable(key)}"
        if not isinstance(value, dict):
            raise _broken(self.path, f"has a {where} that is not an object")
        self._only(value, set(LockEntry._fields), where)
        sha256 = self._text(value, "sha256", where)
        if not _SHA256.fullmatch(sha256):
            raise _broken(self.path, f"has a bad sha256 in {where}")
        protect = value.get("protect", False)
        if not isinstance(protect, bool):
            raise _broken(self.path, f"has a bad protect in {where}")
        return LockEntry(
            self._id(value, where),
            self._text(value, "path", where),
            sha256,
            self._number(value, "bytes", where),
            self._text(value, "filename", where),
            self._text(value, "purpose", where),
            self._maybe_number(value, "expires_after", where),
            self._number(value, "created_at", where),
            self._maybe_number(value, "expires_at", where),
            protect,
        )

    def _retired(self, value: object) -> Retired:
        if not isinstance(value, dict):
            raise _broken(self.path, "has a retired file that is not an object")
        self._only(value, set(Retired._fields), "retired")
        return Retired(
            self._id(value, "retired"),
            self._text(value, "key", "retired"),
            self._number(value, "delete_after", "retired"),
        )

    def _only(self, value: dict[str, Any], known: set[str], where: str) -> None:
        if not value.keys() <= known:
            extra = printable(min(value.keys() - known))
            raise _broken(
                self.path,
                f"has an unknown field {extra!r} in {where}",
                "upgrade filesync if a newer one wrote it; " + _FIX,
            )

    def _text(self, value: dict[str, Any], name: str, where: str) -> str:
        found = value.get(name)
        if not isinstance(found, str) or not found:
            raise _broken(self.path, f"has no {name} in {where}")
        return found

    def _id(self, value: dict[str, Any], where: str) -> str:
        found = self._text(value, "id", where)
        if not _ID.fullmatch(found):
            raise _broken(self.path, f"has a bad id in {where}")
        return found

    def _number(self, value: dict[str, Any], name: str, where: str) -> int:
        found = self._maybe_number(value, name, where)
        if found is None:
            raise _broken(self.path, f"has no {name} in {where}")
        return found

    def _maybe_number(self, value: dict[str, Any], name: str, where: str) -> int | None:
        if name not in value:
            raise _broken(self.path, f"has no {name} in {where}")
        found = value[name]
        if found is None or (type(found) is int and found in _INTEGERS):
            return found
        raise _broken(self.path, f"has a bad {name} in {where}")

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | tuple[Any, ...]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _broken(
                self.path,
                f"names {printable(twice)!r} twice: two branches may have been merged",
                "keep one of the two lines, then run `filesync plan`",
            )
        # An entry as `dump` writes it is kept as its values alone. Nothing else in JSON is a tuple,
        # so one in another place is refused there like anything that is not an object.
        return tuple(found.values()) if tuple(found) == _WRITTEN else found
