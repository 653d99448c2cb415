"""A plan as its document tells it: `plan --json`, a plan file, and what is shown of either.

A live plan knows more (local files, lock entries, what the server said); a document is all
that is left of it long after, without manifest and server. Reports are made from what both have.
Pure.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from typing import Any, NamedTuple

from filesync.core.commands import DEFAULT_MANIFEST, command
from filesync.core.decide.change import Action, Change
from filesync.core.lockfile.entries import live_expiry
from filesync.core.model import Stored
from filesync.core.plan.origin import Origin, read_origin
from filesync.core.plan.plan import Plan, Summary
from filesync.core.plan.stores import StoreDocument, read_store, store_documents
from filesync.core.run import Filters
from filesync.core.text import encodable, printable
from filesync.errors import FilesyncError

FORMAT_VERSION = "1.0"
OFFLINE = "Offline: compared with the lockfile only; the server was not contacted."
"""What is said of a plan made without the server; in its document this is one of the warnings."""


class FileDocument(NamedTuple):
    """What the platform stores of a file before or after a change, as far as it is known.

    `bytes` and `expires_after` are in bytes and seconds; `expires_after` None is never.
    """

    bytes: int | None
    sha256: str | None
    purpose: str | None
    filename: str | None
    expires_after: int | None


class ChangeDocument(NamedTuple):
    """One change. Attributes are the desired ones; for a file that goes, the locked ones if
    there are any, otherwise the server's.

    The action and the reason are text: a later 1.x may have others. `before` is None where
    there is no file yet, `after` where none is left. `shared_with`, the key whose file it
    shares, is in the document only where there is one. What follows it is not: when the file
    that is there now expires, and the key that held a moved file before.
    """

    key: str | None
    action: str
    reason: str
    path: str | None
    filename: str | None
    purpose: str | None
    bytes: int | None
    sha256: str | None
    id: str | None
    fields: tuple[str, ...] = ()
    before: FileDocument | None = None
    after: FileDocument | None = None
    shared_with: str | None = None
    expires_at: int | None = None
    moved_from: str | None = None

    @property
    def name(self) -> str:
        """Return the key, or for a file that has none its remote name, as it is."""
        return self.key if self.key is not None else self.filename or ""

    def document(self) -> dict[str, Any]:
        """Return the change as the contract writes it."""
        told: dict[str, Any] = {
            "key": self.key,
            "action": self.action,
            "reason": self.reason,
            "path": self.path,
            "filename": self.filename,
            "purpose": self.purpose,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "id": self.id,
            "fields": list(self.fields),
            "before": None if self.before is None else self.before._asdict(),
            "after": None if self.after is None else self.after._asdict(),
        }
        return told if self.shared_with is None else told | {"shared_with": self.shared_with}


class PlanDocument(NamedTuple):
    """A plan, as far as its document tells. `filters` are what it was narrowed by, and `at`
    the Unix second it is for if that is not the one it was made in.

    What a plan file has beyond the contract (`env`, `filled_sha256`, `strict`, `allow_shrink`,
    `origin`, and `only`, `exclude` and `purposes` of the filters) stands there only where there is
    one. `made_at` is known of a live plan alone, and so is `stored`, the bytes of all files on the
    platform. An `offline` one was made without contacting the server.
    """

    project: str
    base_url: str
    manifest_sha256: str
    lock_sha256: str | None
    has_changes: bool
    has_drift: bool
    summary: Summary
    changes: tuple[ChangeDocument, ...]
    warnings: tuple[str, ...]
    filters: Filters = Filters()
    env: str | None = None
    filled_sha256: str | None = None
    made_at: int | None = None
    at: int | None = None
    offline: bool = False
    stores: tuple[StoreDocument, ...] = ()
    strict: bool = False
    allow_shrink: bool = False
    origin: Origin = Origin(DEFAULT_MANIFEST)
    stored: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the document of the contract: deletes first, no noops, no content, no key."""
        return {
            "format_version": FORMAT_VERSION,
            "project": self.project,
            "base_url": self.base_url,
            "manifest_sha256": self.manifest_sha256,
            "lock_sha256": self.lock_sha256,
            "has_changes": self.has_changes,
            "has_drift": self.has_drift,
            "summary": self.summary._asdict(),
            "changes": [change.document() for change in self.changes],
            "vector_stores": [store.document() for store in self.stores],
            "warnings": [*([OFFLINE] if self.offline else []), *self.warnings],
        } | ({} if self.at is None else {"at": self.at})


def document_of(plan: Plan) -> PlanDocument:
    """Return the plan in the form that is saved and rendered."""
    inputs = plan.inputs
    return PlanDocument(
        inputs.project,
        inputs.base_url,
        inputs.manifest_sha256,
        inputs.lock_sha256,
        plan.has_changes,
        plan.has_drift,
        plan.summary,
        tuple(_change_document(change) for change in plan.changes),
        tuple(plan.warnings),
        inputs.run.filters,
        inputs.run.env,
        inputs.filled_sha256,
        plan.now,
        plan.at,
        inputs.run.offline,
        store_documents(plan.stores),
        inputs.run.strict,
        inputs.run.allow_shrink,
        Origin(inputs.run.manifest),
        None if inputs.run.offline else sum(file.bytes or 0 for file in plan.listed),
    )


def unchanged(plan: Plan) -> tuple[ChangeDocument, ...]:
    """Return the files that are up to date, which only the page lists."""
    return tuple(_change_document(row) for row in plan.rows if row.action is Action.NOOP)


def _change_document(change: Change) -> ChangeDocument:
    want, locked, remote = change.desired, change.locked, change.remote
    expires_at = None if remote is None else live_expiry(remote, locked)
    source = want or locked
    told = ChangeDocument(
        key=change.key,
        action=change.action.value,
        reason=change.reason.value,
        path=None if source is None else source.path,
        filename=None if remote is None else remote.filename,
        purpose=None if remote is None else remote.purpose,
        bytes=None if remote is None else remote.bytes,
        sha256=None if source is None else source.sha256 or None,
        id=change.id,
        fields=change.fields,
        before=_before(change),
        after=None if want is None else _file_document(want.stored),
        shared_with=change.shared_with,
        expires_at=expires_at,
        moved_from=change.moved_from,
    )
    if source is None:
        return told
    purpose = want.policy.purpose if want is not None else locked.purpose if locked else None
    return told._replace(filename=source.filename, bytes=source.bytes, purpose=purpose)


def _before(change: Change) -> FileDocument | None:
    """Return the file that a change starts from: as locked, or as the server describes it."""
    live = change.remote
    if change.locked is not None:
        return _file_document(change.locked.stored)
    if live is None:
        return None
    lifetime = None if live.expires_at is None else live.expires_at - live.created_at
    return FileDocument(live.bytes, None, live.purpose, live.filename, lifetime)


def _file_document(stored: Stored) -> FileDocument:
    return FileDocument(
        bytes=stored.bytes,
        sha256=stored.sha256 or None,
        purpose=stored.purpose,
        filename=stored.filename,
        expires_after=stored.expires_after,
    )


def parse_plan(text: bytes, path: str) -> PlanDocument:
    """Read a plan file's text; `path` is for messages. FilesyncError for anything unsound."""
    try:
        data = json.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, RecursionError):
        if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_a_plan(path, "it is UTF-16; `--out FILE` writes UTF-8") from None
        raise _not_a_plan(path, "it is not JSON text") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _not_a_plan(path, f"it is not valid JSON: {error.msg}: {where}") from None
    except ValueError as error:  # a number of more digits than Python will read
        raise _not_a_plan(path, f"it is not valid JSON: {error}") from None
    if not isinstance(data, dict):
        raise _not_a_plan(path, "it is not a JSON object")
    if b"\\u" in text and not encodable(data):
        raise _not_a_plan(path, "it contains half a surrogate pair")
    version = data.get("format_version")
    if not isinstance(version, str) or not re.fullmatch(r"\d{1,9}\.\d{1,9}", version):
        raise _not_a_plan(path, "it has no format_version")
    if "changes" not in data or "manifest_sha256" not in data:
        raise _not_a_plan(path, "it has no changes or no manifest_sha256")
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise FilesyncError(
            f"{printable(path)} has format_version {version}, and this filesync reads 1.x",
            f"upgrade filesync to the one that wrote it, or {_again()}",
        )
    try:
        return _read(data)
    except _Damaged as error:
        raise _not_a_plan(path, str(error)) from None


class _Damaged(Exception):
    """What is wrong with a plan's document."""


def _not_a_plan(path: str, why: str) -> FilesyncError:
    return FilesyncError(f"{printable(path)} is not a plan file, or a damaged one: {why}", _again())


def _read(data: dict[str, Any]) -> PlanDocument:
    changes = _take(data, "changes", list)
    counts = _take(data, "summary", dict)
    warnings = _texts(data, "warnings")
    plan = PlanDocument(
        project=_take(data, "project", str),
        base_url=_take(data, "base_url", str),
        manifest_sha256=_take(data, "manifest_sha256", str),
        lock_sha256=_take(data, "lock_sha256", str, None),
        has_changes=_take(data, "has_changes", bool),
        has_drift=_take(data, "has_drift", bool),
        summary=Summary(
            **{
                # A plan file of a version without vector stores has no counts of them.
                name: _take(counts, name, int, Summary._field_defaults.get(name, _REQUIRED))
                for name in Summary._fields
            }
        ),
        changes=tuple(_read_change(change) for change in changes),
        warnings=tuple(warning for warning in warnings if warning != OFFLINE),
        filters=_read_filters(data),
        env=_take(data, "env", str, None),
        filled_sha256=_take(data, "filled_sha256", str, None),
        at=_take(data, "at", int, None),
        strict=bool(_take(data, "strict", bool, None)),
        allow_shrink=bool(_take(data, "allow_shrink", bool, None)),
        offline=OFFLINE in warnings,
        stores=tuple(
            read_store(one, _take) for one in _take(data, "vector_stores", list, None) or ()
        ),
        origin=read_origin(data, _take),
    )
    # A document that was cut or edited must not be shown as what was planned.
    found = Counter(change.action for change in plan.changes)
    for name in ("create", "replace", "adopt", "delete", "forget"):
        if found[name] != getattr(plan.summary, name):
            raise _Damaged(
                f"its summary says {name}: {getattr(plan.summary, name)}, "
                f"and its changes hold {found[name]}"
            )
    if plan.has_changes != bool(plan.changes or plan.stores):
        raise _Damaged("its has_changes is not what its changes say")
    return plan


def _read_filters(data: dict[str, Any]) -> Filters:
    # A plan for one glob has it as text, as before there could be several.
    one = data.get("only")
    only = (one,) if isinstance(one, str) else _texts(data, "only", ())
    return Filters(only, _texts(data, "exclude", ()), _texts(data, "purposes", ()))


def _read_change(data: object) -> ChangeDocument:
    if not isinstance(data, dict):
        raise _Damaged("one of its changes is not an object")
    return ChangeDocument(
        key=_take(data, "key", str, None),
        action=_take(data, "action", str),
        reason=_take(data, "reason", str),
        path=_take(data, "path", str, None),
        filename=_take(data, "filename", str, None),
        purpose=_take(data, "purpose", str, None),
        bytes=_take(data, "bytes", int, None),
        sha256=_take(data, "sha256", str, None),
        id=_take(data, "id", str, None),
        fields=_texts(data, "fields"),
        before=_read_file(data, "before"),
        after=_read_file(data, "after"),
        shared_with=_take(data, "shared_with", str, None),
    )


def _read_file(data: dict[str, Any], name: str) -> FileDocument | None:
    found = _take(data, name, dict, None)
    if found is None:  # also in a plan file of a version that did not write it
        return None
    return FileDocument(
        bytes=_take(found, "bytes", int, None),
        sha256=_take(found, "sha256", str, None),
        purpose=_take(found, "purpose", str, None),
        filename=_take(found, "filename", str, None),
        expires_after=_take(found, "expires_after", int, None),
    )


_REQUIRED: Any = object()


def _take(data: dict[str, Any], name: str, kind: type[Any], default: Any = _REQUIRED) -> Any:
    value: Any = data.get(name, default)
    if value is None and default is None:
        return None
    if value is _REQUIRED or not isinstance(value, kind):
        raise _Damaged(f"its {name!r} is {'missing' if value is _REQUIRED else 'of a wrong type'}")
    if kind is int and (isinstance(value, bool) or value < 0):
        raise _Damaged(f"its {name!r} is not a count")
    return value


def _texts(data: dict[str, Any], name: str, default: Any = _REQUIRED) -> tuple[str, ...]:
    if default is not _REQUIRED and data.get(name) is None:
        return tuple(default)
    values = _take(data, name, list)
    if not all(isinstance(value, str) for value in values):
        raise _Damaged(f"its {name!r} contains something that is not text")
    return tuple(values)


def _again() -> str:
    return f"make it again with {command('plan', '--out', 'FILE')}"
