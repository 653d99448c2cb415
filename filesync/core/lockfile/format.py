"""The lockfile as text that diffs and merges like code.

`parse` believes nothing: a lockfile that is damaged, half merged or of another version is an
error, because an empty one would mean "upload everything again".
"""

from __future__ import annotations

import codecs
import json
import re
from json.encoder import encode_basestring
from typing import Any

from filesync.core.commands import command
from filesync.core.ids import CHARACTERS, MAX_ID, is_id
from filesync.core.lockfile.lock import Lockfile
from filesync.core.lockfile.stores_format import BadStore, dump_stores, read_stores
from filesync.core.model import LockEntry, Retired
from filesync.core.text import composed, encodable, printable, quoted
from filesync.errors import LockfileError

VERSION = 1
#: Written only where there are stores: whoever does not know them must not lose them.
VERSION_WITH_STORES = 2
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INTEGERS = range(1 << 62)
_FIX = "restore it from git (git log -p on the file shows its past); do not edit it by hand"


def dump_lockfile(lock: Lockfile) -> bytes:
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
    stores = ""
    if lock.stores:
        # Last, so that `files` ends where `_as_written` looks for its end.
        stores = ',\n  "vector_stores": ' + dump_stores(lock.stores)
    return (
        "{\n"
        f'  "version": {VERSION_WITH_STORES if stores else VERSION},\n'
        f'  "project": {text(lock.project)},\n'
        f'  "base_url": {text(lock.base_url)},\n'
        f'  "files": {{{chr(10) + files + chr(10) + "  " if files else ""}}},\n'
        f'  "retired": [{retired}]{stores}\n'
        "}\n"
    ).encode()


def _entry_text(entry: LockEntry) -> str:
    # Put together by hand: a third of the time that an encoder takes for 100,000 dicts.
    text = encode_basestring
    expires_after = "null" if entry.expires_after is None else entry.expires_after
    expires_at = "null" if entry.expires_at is None else entry.expires_at
    # Only protected files say so: it must outlive the manifest's entry to mean "never".
    marks = ', "protect": true' if entry.protect else ""
    marks += ', "unproven": true' if entry.unproven else ""
    return (
        f'{{"id": {text(entry.id)}, "path": {text(entry.path)}, "sha256": {text(entry.sha256)}, '
        f'"bytes": {entry.bytes}, "filename": {text(entry.filename)}, '
        f'"purpose": {text(entry.purpose)}, "expires_after": {expires_after}, '
        f'"created_at": {entry.created_at}, "expires_at": {expires_at}{marks}}}'
    )


def parse_lockfile(text: bytes, path: str) -> Lockfile:
    """Read a lockfile's text; `path` is for messages. Raises LockfileError for anything unsound."""
    reader = _Reader(path)
    try:
        lock = _as_written(text, reader) or reader.read(text)
    except RecursionError:
        raise _broken(path, "is nested too deeply") from None
    if not text.isascii():
        lock = _composed(lock, path)
    _refuse_two_contents(lock, path)
    return lock


def _composed(lock: Lockfile, path: str) -> Lockfile:
    """Return the lock with keys and names as a scan has them, whichever form the lockfile has.

    Systems differ in how they write an accent, and it may come from another one.
    """
    found = Lockfile(lock.project, lock.base_url)
    for key, entry in lock.files.items():
        where, filename = composed(entry.path), composed(entry.filename)
        found.files[composed(key)] = entry._replace(path=where, filename=filename)
    for file_id, retired in lock.retired.items():
        found.retired[file_id] = retired._replace(key=composed(retired.key))
    for key, store in lock.stores.items():
        members = {composed(member): one for member, one in store.files.items()}
        found.stores[composed(key)] = store._replace(files=members)
        if len(members) < len(store.files):
            raise _twice(path)
    if (len(found.files), len(found.stores)) != (len(lock.files), len(lock.stores)):
        raise _twice(path)
    return found


def _twice(path: str) -> LockfileError:
    return _broken(
        path,
        "has two keys that differ only in Unicode's form: two branches may have been merged",
        f"keep one of the two lines, then run {command('plan')}",
    )


def _refuse_two_contents(lock: Lockfile, path: str) -> None:
    """Raise LockfileError where one file is said to hold two contents: half of that is untrue."""
    if len({entry.id for entry in lock.files.values()}) == len(lock.files):
        return  # as nearly every lockfile: no two keys hold the same file
    first: dict[str, tuple[str, LockEntry]] = {}
    for key, entry in lock.files.items():
        other, known = first.setdefault(entry.id, (key, entry))
        if (known.sha256, known.bytes) != (entry.sha256, entry.bytes):
            raise _broken(
                path,
                f"says that {entry.id} holds the content of {printable(other)} and that of "
                f"{printable(key)}, which differ: two branches may have been merged",
                f"take the lines of one of the two branches, then run {command('plan')}",
            )


_TEXT = r'"([^"\\\x00-\x1f]+)"'
_NUMBER = "(0|[1-9][0-9]{0,17})"
_MAYBE = "(null|0|[1-9][0-9]{0,17})"
# A line as `_entry_text` writes it, with every check of `_Reader.entry` in one match. Names
# that contain a quote, a backslash or a control character do not match and are left to it.
_LINE = re.compile(
    rf'^    {_TEXT}: {{"id": "((?!\.{{1,2}}")[{CHARACTERS}]{{1,{MAX_ID}}})", "path": {_TEXT}, '
    rf'"sha256": "([0-9a-f]{{64}})", "bytes": {_NUMBER}, "filename": {_TEXT}, '
    rf'"purpose": {_TEXT}, "expires_after": {_MAYBE}, "created_at": {_NUMBER}, '
    rf'"expires_at": {_MAYBE}(, "protect": true)?(, "unproven": true)?}},\n',
    re.MULTILINE,
)
_OPENS, _CLOSES = b'\n  "files": {\n', b"\n  },\n"


def _as_written(text: bytes, reader: _Reader) -> Lockfile | None:
    """Read a lockfile that has its files as `dump` writes them; None for another, sound or not.

    This is 100,000 files in half the time. All but the last line of `files` are matched as text;
    what remains is a lockfile of one file, for the reader, whose errors would name wrong lines.
    Texts that repeat are in memory once.
    """
    start = text.find(_OPENS) + len(_OPENS)
    end = text.rfind(_CLOSES)
    last = text.rfind(b"\n", start, end) + 1
    if start < len(_OPENS) or end < start or last == 0:
        return None
    try:
        lines = str(memoryview(text)[start:last], "utf-8")
        lock = reader.read(text[:start] + text[last:])
    except (UnicodeDecodeError, LockfileError):
        return None
    once: dict[str, str] = {}
    files = {
        key: LockEntry(
            file_id,
            key if path == key else path,
            sha256,
            int(size),
            filename,
            once.setdefault(purpose, purpose),
            None if after == "null" else int(after),
            int(made),
            None if expires == "null" else int(expires),
            protect != "",
            unproven != "",
        )
        for (
            key,
            file_id,
            path,
            sha256,
            size,
            filename,
            purpose,
            after,
            made,
            expires,
            protect,
            unproven,
        ) in (found.groups("") for found in _LINE.finditer(lines))
    }
    count = lines.count("\n") + len(lock.files)
    files.update(lock.files)
    lock.files = files
    return lock if len(files) == count else None


def _broken(path: str, what: str, hint: str = _FIX) -> LockfileError:
    return LockfileError(f"{path} {what}", hint)


class _Reader:
    """Checks each field by hand, in a fraction of the time that a model class takes."""

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self, text: bytes) -> Any:
        """Return the JSON, its objects without duplicate names."""
        try:
            # Some editors put a BOM before the text.
            data = json.loads(text.decode("utf-8-sig"), object_pairs_hook=self._object)
        except UnicodeDecodeError as error:
            if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise _broken(self.path, "is UTF-16, not UTF-8 text", "save it as UTF-8") from None
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
        if b"\\u" in text and not encodable(data):
            raise _broken(self.path, "contains half a surrogate pair, which is not valid text")
        return data

    def read(self, text: bytes) -> Lockfile:
        """Return the lockfile that the text is."""
        data = self.load(text)
        version = data.get("version")
        if version not in (VERSION, VERSION_WITH_STORES) or isinstance(version, bool):
            raise _broken(
                self.path,
                f"has version {version!r}, and this filesync reads versions {VERSION} "
                f"and {VERSION_WITH_STORES}",
                "upgrade filesync if the lockfile is newer; " + _FIX,
            )
        known = {"version", "project", "base_url", "files", "retired"}
        self._only(data, known | ({"vector_stores"} if version != VERSION else set()), "it")
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
        if version != VERSION:
            try:
                lock.stores.update(read_stores(data.get("vector_stores"), is_id))
            except BadStore as error:
                raise _broken(self.path, str(error)) from None
        return lock

    def entry(self, key: str, value: object) -> LockEntry:
        """Return the entry that a value of `files` is."""
        where = f"files.{printable(key)}"
        if not isinstance(value, dict):
            raise _broken(self.path, f"has a {where} that is not an object")
        self._only(value, set(LockEntry._fields), where)
        sha256 = self._text(value, "sha256", where)
        if not _SHA256.fullmatch(sha256):
            raise _broken(self.path, f"has a bad sha256 in {where}")
        for mark in ("protect", "unproven"):
            if not isinstance(value.get(mark, False), bool):
                raise _broken(self.path, f"has a bad {mark} in {where}")
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
            value.get("protect", False),
            value.get("unproven", False),
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
            extra = quoted(min(value.keys() - known))
            raise _broken(
                self.path,
                f"has an unknown field {extra} in {where}",
                "upgrade filesync if a newer one wrote it; " + _FIX,
            )

    def _text(self, value: dict[str, Any], name: str, where: str) -> str:
        found = value.get(name)
        if not isinstance(found, str) or not found:
            raise _broken(self.path, f"has no {name} in {where}")
        return found

    def _id(self, value: dict[str, Any], where: str) -> str:
        found = self._text(value, "id", where)
        if not is_id(found):
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

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _broken(
                self.path,
                f"names {quoted(twice)} twice: two branches may have been merged",
                f"keep one of the two lines, then run {command('plan')}",
            )
        return found
