"""Combine the manifest's stores and the keys of its files into the stores to have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from filesync.core.stores.model import (
    MARK,
    Attributes,
    DesiredStore,
    Scalar,
    StoreEntry,
    mark_of,
)
from filesync.core.text import composed, printable, quoted
from filesync.errors import Problem

PURPOSES = ("assistants", "user_data")
"""The purposes of files that a vector store takes."""

MAX_ATTRIBUTES = 16
MAX_ATTRIBUTE_NAME = 64
MAX_ATTRIBUTE_TEXT = 512

PLACEHOLDERS = ("key", "path", "dir", "name")
"""What `{...}` in an attribute may name: the file's key, path, folder and last part."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


class Candidate(NamedTuple):
    """A declared file as a store sees it; `entry` is its manifest entry's key."""

    key: str
    entry: str
    path: str
    purpose: str
    attributes: Attributes


def declare(
    entries: Sequence[StoreEntry],
    files: Sequence[Candidate],
    empty_entries: Collection[str],
    project: str,
) -> tuple[list[DesiredStore], list[Problem]]:
    """Return the stores to have, and what is wrong with what they name.

    `empty_entries` are the file entries that match no local file and say that this is fine: a
    pattern for such an entry matches nothing, and that is not an error.
    """
    stores, problems = [], []
    for entry in entries:
        members: dict[str, Attributes] = {}
        for number, pattern in enumerate(entry.files):
            matched = [file for file in files if _matches(composed(pattern), file)]
            wrong = _pattern_problem(pattern, matched, empty_entries)
            if wrong:
                where = f"vector_stores.{entry.key}.files[{number}]"
                problems.append(Problem(*entry.at(f"files.{number}"), where, wrong))
            for file in matched:
                if file.key not in members and file.purpose in PURPOSES:
                    members[file.key], faults = _attributes(entry, file)
                    problems += faults
        metadata = {**entry.metadata, MARK: mark_of(project, entry.key)}
        stores.append(DesiredStore(entry, metadata, members))
    return stores, problems


def _matches(pattern: str, file: Candidate) -> bool:
    return fnmatchcase(file.key, pattern) or pattern == file.entry


def _pattern_problem(
    pattern: str, matched: Sequence[Candidate], empty_entries: Collection[str]
) -> str:
    """Return what is wrong with a pattern, "" if nothing."""
    if not matched:
        if any(fnmatchcase(f"{key}/x", pattern) or key == pattern for key in empty_entries):
            return ""
        return f"{quoted(pattern)} matches no key of `files`"
    usable = [file for file in matched if file.purpose in PURPOSES]
    wrong = next((file for file in matched if file.purpose not in PURPOSES), None)
    # A glob over everything may pass other files by; a key that is named is meant.
    if wrong is not None and (not usable or pattern in (wrong.key, wrong.entry)):
        return (
            f"{quoted(wrong.key)} has purpose {wrong.purpose}; a vector store takes "
            f"{' and '.join(PURPOSES)}"
        )
    return ""


def _attributes(entry: StoreEntry, file: Candidate) -> tuple[Attributes, list[Problem]]:
    """Return a member's attributes, the file's own over the store's, filled in."""
    merged = {**entry.attributes, **file.attributes}
    problems = []
    if len(merged) > MAX_ATTRIBUTES:
        message = (
            f"{printable(file.key)} would have {len(merged)} attributes with its own, "
            f"and the API takes {MAX_ATTRIBUTES}"
        )
        where = f"vector_stores.{entry.key}.attributes"
        problems.append(Problem(*entry.at("attributes"), where, message))
    filled: dict[str, Scalar] = {}
    for name, value in merged.items():
        filled[name] = value
        if isinstance(value, str):
            filled[name] = text = fill(value, file.key, file.path)
            if len(text) > MAX_ATTRIBUTE_TEXT:
                where = f"vector_stores.{entry.key}.attributes.{name}"
                message = (
                    f"is {len(text)} characters long for {printable(file.key)}, and the API "
                    f"takes {MAX_ATTRIBUTE_TEXT}"
                )
                problems.append(Problem(*entry.at("attributes"), where, message))
    return filled, problems


def fill(text: str, key: str, path: str) -> str:
    """Return an attribute's text with {key}, {path}, {dir} and {name} filled in.

    `{{` and `}}` stand for single braces.
    """
    folder, _, name = path.rpartition("/")
    values = {"key": key, "path": path, "dir": folder, "name": name}

    def put(found: re.Match[str]) -> str:
        inside: str | None = found[1]
        return found[0][0] if inside is None else values.get(inside, found[0])

    return _PLACEHOLDER.sub(put, text)


def placeholder_problem(text: str) -> str:
    """Return what is wrong with the placeholders of an attribute's text, "" if nothing."""
    for found in _PLACEHOLDER.finditer(text):
        if found[1] is not None and found[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            return (
                f"names {{{printable(found[1])[:40]}}}, and only {known} are filled in; "
                "write {{ for a brace"
            )
    return ""


def shared_ids(targets: Mapping[str, str | None], members: Collection[str]) -> dict[str, list[str]]:
    """Return the ids that several members have, with their keys sorted: they are one member."""
    by_id: dict[str, list[str]] = {}
    for key in sorted(members):
        file_id = targets.get(key)
        if file_id is not None:
            by_id.setdefault(file_id, []).append(key)
    return {file_id: keys for file_id, keys in by_id.items() if len(keys) > 1}
