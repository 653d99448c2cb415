"""Commands in Markdown, from what click knows of them, and what all of Markdown shares."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import click


def plain(text: str) -> str:
    """Return a sentence in Markdown in which nothing but `code` formats."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*<|])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [re.sub(r"(?<!\\)\|", r"\|", part) for part in parts[1::2]]
    return "`".join(parts)


def paragraph(text: str) -> str:
    """Return a paragraph, wrapped, with a newline at its end; only cells need their | escaped."""
    text = plain(text).replace(r"\|", "|")
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"


def code(value: object) -> str:
    """Return a value as code, fit for a cell of a table; lists and objects as JSON, so as YAML."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
    return f"`{text}`".replace("|", r"\|")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; "" if it has no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    head = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    return "\n".join(head + body) + "\n" if body else ""


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
            _epilog(command),
        ]
    return "\n".join(part for part in parts if part)


def _walk(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for own in group.list_commands(context):
        command = group.get_command(context, own)
        if command is None or command.hidden:
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


def _epilog(command: click.Command) -> str:
    """Return what stands below the options in a command's help, such as examples."""
    formatter = click.HelpFormatter(width=100)
    command.format_epilog(click.Context(command), formatter)
    text = inspect.cleandoc(formatter.getvalue())
    return f"```text\n{text}\n```\n" if text else ""


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
