"""The manifest's fields in Markdown, from its JSON Schema, whatever sections that has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from generate_markdown import code, paragraph, plain, table

Schema = dict[str, Any]


def render_fields(schema: Schema) -> str:
    """Return a section for each object of a JSON Schema, from its root on."""
    common = _everywhere(schema)
    found = _Objects(_without(schema, common))
    parts = []
    for path, one in found.objects.items():
        parts.append(f"### {code(path)}\n" if path else "")
        parts.append(paragraph(one.get("description", "")))
        if not path:
            parts += [
                paragraph(f"Fields that take more than plain text also take {found.takes(one)}.")
                for one in common
            ]
        subset = found.part_of(path)
        if subset:
            names = ", ".join(code(name) for name in one["properties"])
            parts.append(paragraph(f"The fields of {_link(subset)} that hold for all: {names}."))
            continue
        chosen = _chosen(one)
        order = [*chosen, *(name for name in one["properties"] if name not in chosen)]
        rows = [(code(name), found.told(path, name, one)) for name in order]
        parts.append(table(("Field", "What it holds"), rows))
        if chosen:
            parts.append(f"One of {' and '.join(code(name) for name in chosen)} must be there.\n")
    return "\n".join(part for part in parts if part)


def _link(path: str) -> str:
    return f"[{code(path)}](#{re.sub(r'[^a-z0-9_-]', '', path.lower())})"


def _chosen(one: Schema) -> list[str]:
    """Return the fields of which exactly one must be there."""
    return [name for choice in one.get("oneOf", []) for name in choice.get("required", [])]


def _everywhere(schema: Schema) -> list[Schema]:
    """Return what more than half of all fields take beside their own: told once, not at each."""
    fields = [
        field
        for one in (schema, *schema.get("$defs", {}).values())
        for field in one.get("properties", {}).values()
        if "$ref" not in field
    ]
    seen: list[Schema] = []
    for field in fields:
        seen += [one for one in field.get("anyOf", []) if one not in seen]
    return [
        one
        for one in seen
        if 2 * sum(one in field.get("anyOf", []) for field in fields) > len(fields)
    ]


def _without(schema: Any, common: Sequence[Schema]) -> Any:
    """Return a schema without these alternatives, wherever they stand."""
    if isinstance(schema, list):
        return [_without(one, common) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _without(value, common) for name, value in schema.items()}
    if "anyOf" in schema:
        left = [one for one in schema.pop("anyOf") if one not in common]
        schema |= left[0] if len(left) == 1 else {"anyOf": left}
    return schema


class _Objects:
    """The objects of a schema by the path that leads to each; one that comes again is not told."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.objects: dict[str, Schema] = {}
        self._paths: dict[int, str] = {}
        self._collect("", schema)

    def part_of(self, path: str) -> str:
        """Return the path of an object that has all the fields of this one and more, or ""."""
        mine = self.objects[path]["properties"]
        for other, one in self.objects.items():
            if other and other != path and mine.items() < one["properties"].items():
                return other
        return ""

    def told(self, path: str, name: str, owner: Schema) -> str:
        """Return the cell that explains a field of the object at `path`."""
        field = owner["properties"][name]
        inner, _, many = self._inner(f"{path}.{name}".lstrip("."), field)
        words = [plain(field.get("description", ""))]
        if inner is not None:
            link = _link(self._paths[id(inner)])
            words.append(f"{'Each takes' if many else 'Takes'} the fields of {link}.")
        else:
            words.append(f"Takes {self.takes(field)}.")
        if examples := field.get("examples"):
            words.append(f"Such as {', '.join(code(one) for one in examples)}.")
        if name in owner.get("required", []):
            words.append("**Required.**")
        if needs := owner.get("dependentRequired", {}).get(name):
            words.append(f"Only with {' and '.join(code(one) for one in needs)}.")
        return " ".join(word for word in words if word)

    def _collect(self, path: str, one: Schema) -> None:
        self.objects[path] = one
        for name, field in one["properties"].items():
            place = f"{path}.{name}".lstrip(".")
            inner, below, _ = self._inner(place, field)
            if inner is not None and id(inner) not in self._paths:
                self._paths[id(inner)] = below
                self._collect(below, inner)

    def _inner(self, path: str, field: Schema) -> tuple[Schema | None, str, bool]:
        """Return the object that a field holds, its path, and whether each of its keys has one."""
        field = self._resolved(field)
        if "properties" in field:
            return field, path, False
        if isinstance(more := field.get("additionalProperties"), dict):
            more = self._resolved(more)
            if "properties" in more:
                return more, f"{path}.KEY", True
        return None, path, False

    def _resolved(self, field: Schema) -> Schema:
        if "$ref" not in field:
            return field
        found: Schema = self._schema["$defs"][field["$ref"].rpartition("/")[2]]
        return found

    def takes(self, field: Schema) -> str:
        """Return the values that a field takes, in words."""
        field = self._resolved(field)
        for key, tell in _TELL:
            if key in field:
                return tell(self.takes, field)
        return _KINDS[field["type"]](self.takes, field)


_Takes = Callable[[Schema], str]


def _or(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _number(_takes: _Takes, field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is None and high is None:
        return "a number"
    return f"a number ({low} or more)" if high is None else f"a number ({low} to {high})"


def _text(_takes: _Takes, field: Schema) -> str:
    return f"text matching {code(field['pattern'])}" if "pattern" in field else "text"


def _object(takes: _Takes, field: Schema) -> str:
    told = {name: one.get("const", "N") for name, one in field.get("properties", {}).items()}
    if not told:
        return f"keys, each with {takes(field['additionalProperties'])}"
    return code(f"{{{', '.join(f'{name}: {value}' for name, value in told.items())}}}")


_TELL: tuple[tuple[str, Callable[[_Takes, Schema], str]], ...] = (
    ("const", lambda _takes, field: code(field["const"])),
    ("enum", lambda _takes, field: _or([code(one) for one in field["enum"]])),
    ("anyOf", lambda takes, field: _or([takes(one) for one in field["anyOf"]])),
)
_KINDS: dict[str, Callable[[_Takes, Schema], str]] = {
    "boolean": lambda _takes, _field: "`true` or `false`",
    "integer": _number,
    "number": _number,
    "string": _text,
    "array": lambda takes, field: f"a list of {takes(field['items'])}",
    "object": _object,
    "null": lambda _takes, _field: "`null`",
}
