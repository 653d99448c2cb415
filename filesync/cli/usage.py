"""What is wrong with a command line, in our words instead of click's."""

from __future__ import annotations

import re

import click

from filesync.core.suggestions import nearest
from filesync.core.text import quoted


def in_words(error: click.UsageError) -> str:
    """Return what is wrong with how a command was called."""
    match error:
        case click.NoSuchOption():
            return f"there is no option {error.option_name}" + _meant(
                error.option_name, _options(error.ctx)
            )
        case click.MissingParameter():
            return _missing(error)
        case click.BadParameter() if error.param is not None:
            return f"{_name(error.param)} {_must_be(error.param.type) or error.message}"
        case click.BadOptionUsage() if "requires an argument" in error.message:
            return f"{error.option_name} needs a value"
    # click sets choices out in lines; here they would be escaped, as a name's are.
    message = error.format_message().replace("\n\t", " ")
    if found := re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", message, re.DOTALL):
        return f"too many arguments: {quoted(found[1])}"
    group = error.ctx.command if error.ctx is not None else None
    known = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx else []
    if message == "Missing command." and known:
        return f"a command is missing: {' or '.join(known)}"
    if found := re.fullmatch(r"No such command '(.*)'\.", message, re.DOTALL):
        return f"there is no command {quoted(found[1])}" + _meant(found[1], known)
    return message


def _options(context: click.Context | None) -> list[str]:
    """Return the long options of the command that was called."""
    params = [] if context is None else context.command.params
    return [
        name
        for param in params
        for name in param.opts
        if name.startswith("--") and not getattr(param, "hidden", False)
    ]


def _meant(word: str, known: list[str]) -> str:
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def _missing(error: click.MissingParameter) -> str:
    param = error.param
    if param is None:
        return error.format_message()
    choices = param.type.choices if isinstance(param.type, click.Choice) else ()
    choose = f". Choose from: {', '.join(choices)}" if choices else ""
    return f"{_name(param)} is missing{choose}"


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.metavar or param.name or "").strip("[]").upper()


def _must_be(kind: object) -> str:
    """Return what a value of a kind must be, "" for a kind whose own message is fine."""
    match kind:
        case click.Choice():
            return f"must be one of {', '.join(map(str, kind.choices))}"
        case click.IntRange() | click.FloatRange():
            noun = "whole number" if isinstance(kind, click.IntRange) else "number"
            if kind.max is None:
                return f"must be a {noun}, {kind.min:g} or more"
            return f"must be a {noun} from {kind.min:g} to {kind.max:g}"
    return ""
