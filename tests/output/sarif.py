"""The shape that SARIF 2.1.0 demands of what filesync writes, object by object.

Taken from the sections of the standard (3.13 sarifLog to 3.52 reportingDescriptor): which
properties each object may have, which it has to have, and what their values are. As in the
standard's own schema, a property that an object does not define is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_URI = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")


class _Shape(NamedTuple):
    required: tuple[str, ...]
    allowed: dict[str, Callable[[Any], Iterator[str]]]


def faults(log: Any) -> list[str]:
    """Return what is wrong with a SARIF log; an empty list for a valid one."""
    found = list(_object("sarifLog")(log))
    for run in log.get("runs", ()):
        rules = [rule["id"] for rule in run["tool"]["driver"].get("rules", ())]
        if len(set(rules)) != len(rules):
            found.append("rules: an id appears twice")
        for result in run.get("results", ()):
            at = result.get("ruleIndex", -1)
            if not -1 <= at < len(rules) or (at >= 0 and rules[at] != result.get("ruleId")):
                found.append(f"result: ruleIndex {at} is not that of {result.get('ruleId')}")
    return found


def _object(name: str) -> Callable[[Any], Iterator[str]]:
    def check(value: Any) -> Iterator[str]:
        shape = _SHAPES[name]
        if not isinstance(value, dict):
            yield f"{name} is not an object"
            return
        yield from (f"{name} lacks {one}" for one in shape.required if one not in value)
        for key, inner in value.items():
            if key not in shape.allowed:
                yield f"{name} may not have {key}"
            else:
                yield from (f"{name}.{fault}" for fault in shape.allowed[key](inner))

    return check


def _several(check: Callable[[Any], Iterator[str]]) -> Callable[[Any], Iterator[str]]:
    def every(value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield "not a list"
            return
        for one in value:
            yield from check(one)

    return every


def _text(value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{value!r} is not a text"


def _uri(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not _URI.fullmatch(value):
        yield f"{value!r} is not a URI reference"


def _one_of(*words: str) -> Callable[[Any], Iterator[str]]:
    def check(value: Any) -> Iterator[str]:
        if value not in words:
            yield f"{value!r} is none of {words}"

    return check


def _at_least(least: int) -> Callable[[Any], Iterator[str]]:
    def check(value: Any) -> Iterator[str]:
        if type(value) is not int or value < least:
            yield f"{value!r} is not a whole number from {least}"

    return check


def _anything(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "not an object"


_LEVEL = _one_of("none", "note", "warning", "error")
_SHAPES = {
    "sarifLog": _Shape(
        ("version", "runs"),
        {"$schema": _uri, "version": _one_of("2.1.0"), "runs": _several(_object("run"))},
    ),
    "run": _Shape(
        ("tool",),
        {
            "tool": _object("tool"),
            "results": _several(_object("result")),
            "columnKind": _one_of("utf16CodeUnits", "unicodeCodePoints"),
            "properties": _anything,
        },
    ),
    "tool": _Shape(("driver",), {"driver": _object("toolComponent")}),
    "toolComponent": _Shape(
        ("name",),
        {"name": _text, "version": _text, "rules": _several(_object("reportingDescriptor"))},
    ),
    "reportingDescriptor": _Shape(
        ("id",),
        {
            "id": _text,
            "shortDescription": _object("multiformatMessageString"),
            "defaultConfiguration": _object("reportingConfiguration"),
        },
    ),
    "multiformatMessageString": _Shape(("text",), {"text": _text}),
    "reportingConfiguration": _Shape((), {"level": _LEVEL}),
    "result": _Shape(
        ("message",),
        {
            "ruleId": _text,
            "ruleIndex": _at_least(-1),
            "level": _LEVEL,
            "message": _object("message"),
            "locations": _several(_object("location")),
            "properties": _anything,
        },
    ),
    "message": _Shape(("text",), {"text": _text}),
    "location": _Shape((), {"physicalLocation": _object("physicalLocation")}),
    "physicalLocation": _Shape(
        ("artifactLocation",),
        {"artifactLocation": _object("artifactLocation"), "region": _object("region")},
    ),
    "artifactLocation": _Shape((), {"uri": _uri}),
    "region": _Shape(("startLine",), {"startLine": _at_least(1)}),
}
