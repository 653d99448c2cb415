"""A manifest as text, for files that are on the platform already. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from filesync.core.durations import format_duration
from filesync.core.from_remote.candidates import Found
from filesync.core.from_remote.declare import Declared, Undeclared
from filesync.core.from_remote.stores import FoundStore, StoresToDeclare
from filesync.core.stores.model import Attributes, in_days
from filesync.core.text import printable

_HEAD = """\
# yaml-language-server: $schema={schema}
#
# Made by `filesync init --from-remote` of what was on the platform. These files are this
# manifest's now: an apply uploads what has changed here, and deletes the remote file of an entry
# that is taken out. `filesync forget KEY` gives one up and leaves it on the platform.
version: 1
project: {project}
"""
_COMMENTED = """
# Not declared, since their content is not here. To declare one: put its file in place, take away
# the "# " in front of its lines{braces}, and run the command below them.
"""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
# What YAML, or what editors take for YAML, reads as something else than text.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
# JSON leaves them as they are, and a manifest may not hold them.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def manifest_text(
    *,
    project: str,
    base_url: str | None,
    schema: str,
    declared: Sequence[Declared],
    undeclared: Sequence[Undeclared],
    stores: StoresToDeclare = StoresToDeclare([], {}),  # noqa: B008 - nothing changes it
) -> str:
    """Return the manifest that declares these files and stores, and as comments those it cannot."""
    lines = [_HEAD.format(schema=schema, project=scalar(project))]
    if base_url is not None:
        lines.append(f"remote:\n  base_url: {scalar(base_url)}\n")
    if stores.stores:
        lines.append("vector_stores:\n")
        for store in stores.stores:
            lines += _lines(store.key, _store_fields(store), "")
    lines.append("files:\n" if declared else "files: {}\n")
    for one in sorted(declared, key=lambda one: one.found.key):
        lines += _entry(one, stores.attributes.get(one.found.key))
    if undeclared:
        lines.append(_COMMENTED.format(braces="" if declared else " and the {} after `files:`"))
    for other in sorted(undeclared, key=lambda other: other.found.key):
        lines += (f"# {line}" for line in _comment(other))
    return "".join(lines)


def _store_fields(store: FoundStore) -> dict[str, str]:
    fields = {
        "name": _value(store.remote.name or store.key),
        "files": f"[{', '.join(_value(key) for key in sorted(store.members))}]",
    }
    if store.remote.expires_after is not None:
        fields["expires_after"] = f"{in_days(store.remote.expires_after)}d"
    if store.chunking is not None:
        tokens, overlap = store.chunking
        fields["chunking"] = f"{{max_tokens: {tokens}, overlap: {overlap}}}"
    if store.metadata:
        fields["metadata"] = _mapping(store.metadata)
    return fields


def _mapping(pairs: Attributes) -> str:
    written = (
        f"{_value(name)}: {_value(one) if isinstance(one, str) else json.dumps(one)}"
        for name, one in sorted(pairs.items())
    )
    return f"{{{', '.join(written)}}}"


def _entry(one: Declared, attributes: Attributes | None) -> Iterable[str]:
    note = "" if one.compared else "  # taken by name and size: its content was not compared"
    fields = _fields(one.found, one.path, one.filename)
    if one.is_fingerprinted:
        fields["fingerprint"] = "true"
    if attributes:
        fields["attributes"] = _mapping(attributes)
    return _lines(one.found.key, fields, note)


def _comment(other: Undeclared) -> Iterable[str]:
    found = other.found
    # What is not there yet may be put under any name; a path has no "\\" between folders.
    path = found.filename.rpartition("/")[2].replace("\\", "_") or found.remote.id
    why = _NOT_YAML.sub(_escape, printable(other.why))
    yield from _lines(found.key, _fields(found, path, found.filename), f"  # {why}")
    yield f"# filesync adopt {found.key} {found.remote.id}\n"


def _fields(found: Found, path: str, filename: str) -> dict[str, str]:
    fields = {"path": _value(path), "purpose": found.remote.purpose}
    if filename != path.rpartition("/")[2]:
        fields["filename"] = _value(filename)
    if found.expires_after is not None:
        fields["expires_after"] = format_duration(found.expires_after)
    if found.renew_before is not None:
        fields["renew_before"] = f"{format_duration(found.renew_before)}  # little of it is left"
    return fields


def _lines(key: str, fields: dict[str, str], note: str) -> Iterable[str]:
    yield f"  {scalar(key)}:{note}\n"
    for name, value in fields.items():
        yield f"    {name}: {value}\n"


def _value(text: str) -> str:
    """Return a text that says itself in a manifest, where `${` would be a variable."""
    return scalar(text.replace("${", "$${"))


def scalar(text: str) -> str:
    """Return a text as YAML writes it, in quotes where it could be read as something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _NOT_YAML.sub(_escape, quoted)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
