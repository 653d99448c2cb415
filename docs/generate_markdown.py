"""Commands and fields in Markdown: help texts from click, fields from the JSON Schema."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

Schema = dict[str, Any]


def plain(text: str) -> str:
    """Return a sentence in Markdown in which nothing but `code` formats."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*<|])", r"\\\1", part) for part in parts[::2]]
    return "`".join(part.replace("|", r"\|") if i % 2 else part for i, part in enumerate(parts))


def paragraph(text: str) -> str:
    """Return a paragraph, wrapped, with a newline at its end."""
    return textwrap.fill(plain(text), 100, break_long_words=False, break_on_hyphens=False) + "\n"


def code(value: object) -> str:
    """Return a value as code, fit for a cell of a table."""
    return f"`{value}`".replace("|", r"\|")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; "" if it has no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    head = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    return "\n".join(head + body) + "\n" if body else ""


# ---- commands --------------------------------------------------------------------------------


def render_commands(cli: click.Group) -> str:
    """Return a section for each command, after the options that all of them take."""
    shared = {param.name for param in cli.params} - {"version"}
    common = [param for param in cli.params if param.name in shared]
    parts = [
        "Before or after any command's name:\n",
        _options(common),
        "`--version` prints the version, `-h` or `--help` what there is.\n",
    ]
    for name, command in _walk(cli, "filesync"):
        own = [param for param in command.params if param.name not in shared]
        usage = [name, "[OPTIONS]", *(_argument(one) for one in own if _is(one, click.Argument))]
        parts += [
            f"### {name}\n",
            f"```text\n{' '.join(usage)}\n```\n",
            _help(command.help or ""),
            _options(own),
        ]
    return "\n".join(part for part in parts if part)


def _walk(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    for own, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _walk(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


def _is(param: click.Parameter, kind: type[click.Parameter]) -> bool:
    return isinstance(param, kind)


def _argument(param: click.Parameter) -> str:
    if param.metavar:
        return param.metavar
    name = _choices(param) or (param.name or "").upper() + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _choices(param: click.Parameter) -> str:
    return "|".join(param.type.choices) if isinstance(param.type, click.Choice) else ""


def _help(text: str) -> str:
    """Turn click's help into paragraphs; \\b begins one whose lines stay as they are."""
    parts = []
    for part in inspect.cleandoc(text).split("\n\n"):
        if part.startswith("\b\n"):
            parts.append(f"```text\n{part[2:]}\n```\n")
        else:
            parts.append(paragraph(part))
    return "\n".join(parts)


def _options(params: Iterable[click.Parameter]) -> str:
    shown = [one for one in params if isinstance(one, click.Option) and not one.hidden]
    return table(("Option", "What it does"), [(_names(one), _told(one)) for one in shown])


def _names(option: click.Option) -> str:
    value = ""
    if not option.is_flag:
        numbers = (click.types.IntParamType, click.types.FloatParamType)
        kind = "N" if isinstance(option.type, numbers) else "TEXT"
        value = " " + (option.metavar or _choices(option) or kind)
    return ", ".join(code(name + value) for name in [*option.opts, *option.secondary_opts])


def _told(option: click.Option) -> str:
    told = plain(" ".join((option.help or "").split()))
    bounds = [getattr(option.type, name, None) for name in ("min", "max")]
    if bounds[1] is not None:
        told += f" {bounds[0]} to {bounds[1]}."
    if option.show_default and option.default is not None:
        told += f" Default {code(option.default)}."
    return told


# ---- fields ----------------------------------------------------------------------------------


def render_fields(schema: Schema) -> str:
    """Return a section for each object of a JSON Schema, from its root on."""
    found = _Objects(schema)
    parts = []
    for path, one in found.objects.items():
        parts.append(f"### {code(path)}\n" if path else "")
        parts.append(paragraph(one.get("description", "")))
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
            words.append(f"Takes {self._takes(field)}.")
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

    def _takes(self, field: Schema) -> str:
        """Return the values that a field takes, in words."""
        field = self._resolved(field)
        for key, tell in _TELL:
            if key in field:
                return tell(self._takes, field)
        return _KINDS[field["type"]](self._takes, field)


_Takes = Callable[[Schema], str]


def _or(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _integer(_takes: _Takes, field: Schema) -> str:
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
    "integer": _integer,
    "string": _text,
    "array": lambda takes, field: f"a list of {takes(field['items'])}",
    "object": _object,
    "null": lambda _takes, _field: "`null`",
}
