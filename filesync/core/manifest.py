"""Manifest text -> Manifest, with every problem found on the way.

Four steps, each seeing what the one before left sound, so that no mistake hides another:
the text as YAML (`yamltext`), each field by itself (`schema`), the fields of an entry
together, and the entry with `defaults` and the built-in values as one Policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from filesync.core import yamltext
from filesync.core.durations import format_duration
from filesync.core.fields import did_you_mean
from filesync.core.model import Entry, Manifest, MaxDelete, Policy, Prune
from filesync.core.purposes import DEFAULT_PURPOSE, PURPOSES
from filesync.core.schema import KEY_LENGTH, SECTIONS, SHAPE, Defaults, File, Shape
from filesync.core.text import printable
from filesync.core.yamlfaults import Unreadable
from filesync.core.yamltext import Mapping, Place
from filesync.errors import ManifestError, Problem

_REQUESTS_PER_MINUTE = 1000
_MAX_DELETE = MaxDelete(30, percent=True)
_EXPIRY_FIELDS = {"purpose", "expires_after", "renew_before"}
_DEFAULTS: Place = ("defaults",)


def parse(text: bytes, path: str) -> tuple[Manifest, list[Problem]]:
    """Return the manifest, and every problem in it: only without problems is it whole.

    An entry with a problem is left out, anything else that is wrong has its default, or "" for
    the project. `path` names the manifest in messages. Raises ManifestError if the text cannot
    be read as YAML at all.
    """
    try:
        root, problems = yamltext.load(text)
    except Unreadable as error:
        raise ManifestError(path, error.problems) from None
    report = _Report(root, problems)
    shape = _checked(root, report)
    for field in ("version", "project"):
        if field not in root:
            report.add((field,), "is missing: every manifest has it")
    defaults = shape.get("defaults", {})
    entries = [_entry(report, key, file, defaults) for key, file in shape.get("files", {}).items()]
    removed = _policy(defaults)
    # After the entries: what is wrong in the defaults themselves must not hide what is theirs.
    _check_expiry(report, _DEFAULTS, defaults, removed)
    remote = shape.get("remote", {})
    prune, warnings = _prune(shape)
    manifest = Manifest(
        path=path,
        sha256=hashlib.sha256(text).hexdigest(),
        project=shape.get("project", ""),
        base_url=remote.get("base_url"),
        requests_per_minute=remote.get("requests_per_minute", _REQUESTS_PER_MINUTE),
        max_delete=shape.get("limits", {}).get("max_delete", _MAX_DELETE),
        prune=prune,
        entries=tuple(entry for entry in entries if ("files", entry.key) not in report.faulty),
        removed=removed,
        warnings=warnings,
    )
    return manifest, report.problems


class _Report:
    """Collects problems by place, and finds the line and column each one stands at."""

    def __init__(self, root: Mapping, problems: list[Problem]) -> None:
        self.root = root
        self.problems = problems
        self.faulty: set[Place] = set()
        """Every place with a problem at it or below it."""

    def add(self, place: Place, message: str, *, at_key: bool = False) -> None:
        """Note a problem of the value at `place`, or of its key."""
        position = yamltext.position(self.root, place, of_key=at_key)
        self.problems.append(Problem(*position, yamltext.place_text(place), message))
        self.faulty.update(place[:end] for end in range(1, len(place) + 1))

    def obscures_expiry(self, place: Place) -> bool:
        """Tell if problems of the mapping at `place` leave open what its expiry should be."""
        return place in self.faulty and any(
            (*place, field) in self.faulty
            and (field in _EXPIRY_FIELDS or field not in SECTIONS["files"])
            for field in yamltext.mapping(self.root, place)
        )


# Each field by itself


def _checked(root: Mapping, report: _Report) -> Shape:
    """Return the fields of the manifest that are sound by themselves; report the others."""
    try:
        return SHAPE.validate_python(root)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
    for error in errors:
        report.add(error["loc"], _in_words(error), at_key=error["type"] == "extra_forbidden")
    return SHAPE.validate_python(_without(root, [error["loc"] for error in errors]))


def _without(mapping: dict[str, object], places: Iterable[Place]) -> dict[str, object]:
    """Return a copy of `mapping` that lacks the fields at `places`, a list's with one bad item."""
    rest = dict(mapping)
    below: dict[str, list[Place]] = {}
    for place in places:
        below.setdefault(str(place[0]), []).append(place[1:])
    for key, inner in below.items():
        value = mapping[key]
        if isinstance(value, dict) and () not in inner:
            rest[key] = _without(value, inner)
        else:
            del rest[key]
    return rest


_WORDS = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be 1 or more",
    "list_type": "must be a list, such as [one, two]",
    "tuple_type": "must be a list, such as [one, two]",
    "dict_type": "must be a mapping: lines of 'field: value' below it, or {}",
}


def _in_words(error: ErrorDetails) -> str:
    """Return what pydantic found wrong with a field, as a sentence that follows its name."""
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"])
    if value is None:
        return "is empty: give a value or remove the line"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "string_type" and isinstance(value, int | float):
        return "must be text: write it in quotes"
    return _WORDS.get(kind, error["msg"])


def _unknown_key(place: Place) -> str:
    section, field = (str(place[0]) if len(place) > 1 else ""), place[-1]
    if section == "defaults" and field in SECTIONS["files"]:
        return "cannot have a default: it belongs to one file"
    known = sorted(SECTIONS[section])
    return "unknown key" + (did_you_mean(field, known) or f"; allowed are {', '.join(known)}")


# The fields of an entry together, and with the defaults


def _entry(report: _Report, key: str, file: File, defaults: Defaults) -> Entry:
    place = ("files", key)
    written = yamltext.mapping(report.root, place)
    if fault := _key_fault(key):
        report.add(place, fault, at_key=True)
    if "path" not in written and "glob" not in written:
        report.add(place, "needs a path or a glob", at_key=True)
    elif "path" in written and "glob" in written:
        report.add((*place, "glob"), "cannot go with path: keep one of them")
    elif "path" in written:
        for field in ("exclude", "allow_empty"):
            if field in written:
                report.add((*place, field), "goes only with glob")
    elif "filename" in written:
        message = "goes only with path: all files of a glob would have the same name"
        report.add((*place, "filename"), message)
    merged: File = {**defaults, **file}
    policy = _policy(merged)
    _check_expiry(report, place, file, policy)
    is_glob = "glob" in file
    return Entry(
        key=key,
        path=file.get("path"),
        glob=file.get("glob"),
        exclude=merged.get("exclude", ()) if is_glob else (),
        allow_empty=is_glob and merged.get("allow_empty", False),
        filename=file.get("filename"),
        policy=policy,
        positions={**written.value_at, "": yamltext.position(report.root, place, of_key=True)},
    )


def _key_fault(key: str) -> str | None:
    if not key.strip():
        return "the key is empty: give the file a name"
    if key != key.strip():
        return "the key must not begin or end with a space"
    if key.startswith("-"):
        return "the key must not begin with '-': commands would take it for an option"
    if len(key) > KEY_LENGTH:
        return f"the key must not be longer than {KEY_LENGTH} characters"
    if printable(key) != key:
        return "the key must not have control characters in it"
    return None


def _policy(fields: Defaults) -> Policy:
    """Return how to handle a file, from the entry's fields and the defaults, already merged."""
    purpose = fields.get("purpose", DEFAULT_PURPOSE)
    rule = PURPOSES[purpose]
    expires_after = fields.get("expires_after", rule.default_expires_after)
    if expires_after is None and not rule.may_never_expire:
        # `never` from the defaults means the files that can; on the entry itself it is an error.
        expires_after = rule.default_expires_after
    renew_before = fields.get("renew_before", (expires_after or 0) // 10)
    return Policy(
        purpose=purpose,
        expires_after=expires_after,
        renew_before=0 if expires_after is None else renew_before,
        protect=fields.get("protect", False),
        retain=fields.get("retain", 0),
        in_use=fields.get("in_use", "keep"),
        fingerprint=fields.get("fingerprint", False),
    )


def _check_expiry(report: _Report, place: Place, own: Defaults, policy: Policy) -> None:
    """Report what is wrong between purpose, expires_after and renew_before at `place`.

    `own` is what stands there, `policy` what comes of it together with the defaults.
    """
    if report.obscures_expiry(place):
        return
    inherits_faults = report.obscures_expiry(_DEFAULTS)
    if inherits_faults and "purpose" not in own:
        return
    always_expires = not PURPOSES[policy.purpose].may_never_expire
    if always_expires and own.get("expires_after", 0) is None:
        message = f"{policy.purpose} files always expire: give 1h to 30d, or remove it for 30d"
        report.add((*place, "expires_after"), message)
    if inherits_faults:
        return
    if policy.expires_after is None:
        if "renew_before" in own and place != _DEFAULTS:
            report.add((*place, "renew_before"), "nothing to renew: this file never expires")
    elif policy.renew_before >= policy.expires_after:
        message = (
            f"renew_before ({format_duration(policy.renew_before)}) must be less than "
            f"expires_after ({format_duration(policy.expires_after)}), or every run uploads again"
        )
        for field in ("renew_before", "expires_after"):
            if field in own:
                report.add((*place, field), message)
                return
        # Neither stands here: the defaults are wrong, and it is said there, unless the purpose
        # brought the expiry.
        if always_expires and "purpose" in own:
            report.add((*place, "purpose"), message)


def _prune(shape: Shape) -> tuple[Prune | None, tuple[str, ...]]:
    """Return what may be pruned, and a warning if the section is there but does nothing."""
    section = shape.get("prune")
    if section is None or section.get("unmanaged") is False:
        return None, ()
    purposes, match = section.get("purposes"), section.get("match")
    if section.get("unmanaged") and purposes and match:
        return Prune(tuple(purposes), match), ()
    given = {"unmanaged: true": section.get("unmanaged"), "purposes": purposes, "match": match}
    missing = " and ".join(name for name, value in given.items() if not value)
    return None, (f"prune is off: it also needs {missing}",)
