"""Manifest text -> Manifest, with every problem found on the way.

Four steps, each seeing what the one before left sound, so that no mistake hides another:
the text as YAML (`yamltext`), each field by itself (`schema`), the fields of an entry
together, and the entry with `defaults` and the built-in values as one Policy (`policies`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from filesync.core.manifest import environments, yaml_reader
from filesync.core.manifest.environments import by_name
from filesync.core.manifest.fields import did_you_mean, key_fault
from filesync.core.manifest.policy import check_policies, policy_of
from filesync.core.manifest.problems import Report
from filesync.core.manifest.schema import SECTIONS, SHAPE, Defaults, File, Shape
from filesync.core.manifest.store_entry import store_entry
from filesync.core.manifest.target import said_type, type_of
from filesync.core.manifest.variables import ANY, Access, Filler, unfilled
from filesync.core.manifest.yaml_errors import Unreadable
from filesync.core.manifest.yaml_reader import Place
from filesync.core.model import Entry, Manifest, MaxDelete, Prune
from filesync.core.servers import NO_URLS, ServerType, Urls
from filesync.core.text import odd_character, quoted
from filesync.core.wrong_manifest import wrong_manifest
from filesync.errors import Problem

_REQUESTS_PER_MINUTE = 1000
_MAX_DELETE = MaxDelete(30, percent=True)


def parse_manifest(
    text: bytes,
    path: str,
    env: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    urls: Urls = NO_URLS,
    access: Access = ANY,
) -> tuple[Manifest, list[Problem]]:
    """Return the manifest, and every problem in it: only without problems is it whole.

    It is the manifest of the environment `env`, or as if it had none; checked are all of them.
    `variables` are what `${NAME}` in it may name, within `access`. An entry with a problem is
    left out, anything else that is wrong has its default, or "" for the project. `path` names the
    manifest in messages. `urls` are the base URLs that a run knows besides the manifest's. Raises
    ManifestError if the text cannot be read as YAML at all.
    """
    filler = Filler(variables or {}, access)
    try:
        root, problems = yaml_reader.load(text, filler)
    except Unreadable as error:
        raise wrong_manifest(path, error.problems) from None
    report = Report(root, problems)
    shape = _checked(report, env)
    for field in ("version", "project"):
        if field not in root:
            report.add((field,), "is missing: every manifest has it")
    environments.check(report, shape)
    target = environments.chosen(report, shape, env)
    defaults: Defaults = {**shape.get("defaults", {}), **target.get("defaults", {})}
    prefix = target.get("prefix", "")
    files = shape.get("files", {})

    def server_of(name: str | None) -> ServerType:
        return type_of(shape, by_name(shape).get(name or "", {}), urls)

    server = type_of(shape, target, urls)
    entries = [_entry(report, key, file, defaults, prefix, server) for key, file in files.items()]
    check_policies(report, shape, server_of)
    stores = [
        store_entry(report, key, store, prefix)
        for key, store in shape.get("vector_stores", {}).items()
    ]
    remote = shape.get("remote", {})
    prune, warnings = _prune(report, shape)
    manifest = Manifest(
        path=path,
        sha256=hashlib.sha256(text).hexdigest(),
        project=(shape if env is None else target).get("project", ""),
        base_url=target.get("base_url", remote.get("base_url")),
        requests_per_minute=remote.get("requests_per_minute", _REQUESTS_PER_MINUTE),
        max_delete=shape.get("limits", {}).get("max_delete", _MAX_DELETE),
        prune=prune,
        entries=tuple(entry for entry in entries if ("files", entry.key) not in report.faulty),
        removed=policy_of(defaults, server),
        warnings=warnings,
        server_type=said_type(shape, target),
        state=shape.get("state"),
        lockfile=shape.get("lockfile"),
        environments=environments.names(report),
        stores=tuple(
            store for store in stores if ("vector_stores", store.key) not in report.faulty
        ),
    )
    if filler.used:
        told = repr(manifest._replace(path="")).encode(errors="backslashreplace")
        manifest = manifest._replace(filled_sha256=hashlib.sha256(told).hexdigest())
    return manifest, report.problems


# Each field by itself


def _checked(report: Report, env: str | None) -> Shape:
    """Return the fields of the manifest that are sound by themselves; report the others."""
    try:
        return SHAPE.validate_python(report.root)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
    for error in errors:
        place = error["loc"]
        if error["type"] == "extra_forbidden":
            report.add(place, _unknown_key(place) + _odd(place[-1]), at_key=True)
        elif gaps := list(unfilled(error["input"])):
            # Whoever works on staging need not set what only prod asks for.
            elsewhere = place[0] == "environments" and len(place) > 1 and place[1] != env
            for way, gap in gaps:
                for message in (*gap.faults, *(() if elsewhere else gap.unset)):
                    report.add((*place, *way), message)
        else:
            message = _shape_of(place, error["input"]) or _in_words(error)
            report.add(place, message + _odd(error["input"]))
    return SHAPE.validate_python(_without(report.root, [error["loc"] for error in errors]))


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
    "too_short": "must not be empty",
    "greater_than_equal": "must be 1 or more",
    "list_type": "must be a list, such as [one, two]",
    "tuple_type": "must be a list, such as [one, two]",
    "dict_type": "must be a mapping: lines of 'field: value' below it, or {}",
}


def _in_words(error: ErrorDetails) -> str:
    """Return what pydantic found wrong with a field, as a sentence that follows its name."""
    kind, value = error["type"], error["input"]
    if value is None:
        return "is empty: give a value or remove the line"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "string_type" and isinstance(value, int | float):
        return "must be text: write it in quotes"
    return _WORDS.get(kind, error["msg"])


def _odd(value: object) -> str:
    """Return what to add to a problem whose cause may be a character that nobody sees."""
    odd = odd_character(value) if isinstance(value, str) else ""
    return f" (it has {odd} in it: type it again)" if odd else ""


def _shape_of(place: Place, value: object) -> str:
    """Return how entries are written, where they are a list or only a path; "" elsewhere."""
    named = place[0] if place else ""
    if named in ("files", "vector_stores") and isinstance(value, list) and len(place) == 1:
        fields = "path: FILE" if named == "files" else "files: [KEY]"
        return f"must not be a list: give each entry a key, such as 'KEY: {{{fields}}}'"
    if named == "files" and len(place) == 2 and isinstance(value, str) and value:
        field = "glob" if set(value) & set("*?[") else "path"
        return f"must be a mapping: write {{{field}: {quoted(value)}}}"
    return ""


def _unknown_key(place: Place) -> str:
    section, field = (str(place[0]) if len(place) > 1 else ""), place[-1]
    if section == "environments" and len(place) == 4:
        section = "defaults"  # environments.NAME.defaults.FIELD
    if section == "defaults" and field in SECTIONS["files"]:
        return "cannot have a default: it belongs to one file"
    known = sorted(SECTIONS[section])
    return "unknown key" + (did_you_mean(field, known) or f"; allowed are {', '.join(known)}")


# The fields of an entry together, and with the defaults


def _entry(
    report: Report, key: str, file: File, defaults: Defaults, prefix: str, server: ServerType
) -> Entry:
    place = ("files", key)
    written = yaml_reader.mapping(report.root, place)
    if fault := key_fault(key, "file"):
        report.add(place, fault, at_key=True)
    if "path" not in written and "glob" not in written:
        report.add(place, "needs a path or a glob", at_key=True)
    elif "path" in written and "glob" in written:
        report.add((*place, "glob"), "use either path or glob, not both")
    elif "path" in written:
        for field in ("exclude", "allow_empty"):
            if field in written:
                report.add((*place, field), "goes only with glob")
    elif "filename" in written:
        message = "goes only with path: all files of a glob would have the same name"
        report.add((*place, "filename"), message)
    merged: File = {**defaults, **file}
    is_glob = "glob" in file
    return Entry(
        key=key,
        path=file.get("path"),
        glob=file.get("glob"),
        exclude=merged.get("exclude", ()) if is_glob else (),
        allow_empty=is_glob and merged.get("allow_empty", False),
        filename=file.get("filename"),
        policy=policy_of(merged, server),
        positions={**written.value_at, "": yaml_reader.position(report.root, place, of_key=True)},
        prefix=prefix,
        attributes={**defaults.get("attributes", {}), **file.get("attributes", {})},
    )


def _prune(report: Report, shape: Shape) -> tuple[Prune | None, tuple[str, ...]]:
    """Return what may be pruned, and a warning if the section is there but does nothing."""
    section = shape.get("prune")
    if section is None:
        return None, ()
    found = Prune(
        orphans=section.get("orphans", False),
        orphans_after=section.get("orphans_after", Prune().orphans_after),
    )
    only_orphans = found if "orphans" in section or "orphans_after" in section else None
    purposes, match = section.get("purposes"), section.get("match")
    unmanaged = section.keys() & {"unmanaged", "purposes", "match"}
    if section.get("unmanaged") is False or (only_orphans is not None and not unmanaged):
        return only_orphans, ()
    if section.get("unmanaged") and purposes and match:
        if yaml_reader.mapping(report.root, ("environments",)):
            # To one environment, what another has uploaded is undeclared.
            message = "cannot go with environments: each would delete files of the others"
            report.add(("prune", "unmanaged"), message)
        return found._replace(purposes=tuple(purposes), match=match), ()
    given = {"unmanaged: true": section.get("unmanaged"), "purposes": purposes, "match": match}
    missing = " and ".join(name for name, value in given.items() if not value)
    return only_orphans, (f"prune is off: it also needs {missing}",)
