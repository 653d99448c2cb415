"""docs/python-reference.md, from what `import filesync` offers and its docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, ForwardRef

from generate_markdown import paragraph

import filesync
from filesync.core.model import LockEntry
from filesync.core.plan.document import FileDocument
from filesync.core.plan.plan import Summary
from filesync.core.plan.stores import StoreDocument
from filesync.core.stores.model import LockedStore

_RECORDS = (FileDocument, LockedStore, LockEntry, StoreDocument, Summary)
# The rest of it is for filesync's own use.
_OF_LOCKFILE = ("id", "ids", "store")
_EVENTS = ("Hashed", "Started", "Sent", "Done", "Failed", "Indexing", "Note")
_LINE = 96


def python_reference() -> str:
    """Return the page: every name in `filesync.__all__`, in sections, in the order of the code."""
    names = [name for name in filesync.__all__ if not name.startswith("__")]
    found = {name: getattr(filesync, name) for name in names}
    errors = [name for name in names if _is_error(found[name])]
    functions = [name for name in names if inspect.isfunction(found[name])]
    values = [n for n in names if n not in (*errors, *functions, *_EVENTS, "Event")]
    sections = {
        "Functions": "".join(_function(found[name]) for name in sorted(functions)),
        "What they return": "".join(_class(found[name]) for name in values),
        "Records in them": "".join(_class(one) for one in _RECORDS),
        "Events": _event_type() + "".join(_class(found[name]) for name in _EVENTS),
        "Errors": "".join(_class(found[name]) for name in _by_depth(found, errors)),
    }
    contents = "\n".join(f"- [{title}](#{title.lower().replace(' ', '-')})" for title in sections)
    head = (
        "# Python reference\n\n"
        "<!-- Made from the docstrings by `make docs`: change them there. -->\n\n"
        "Every name that `import filesync` offers; [From Python](python.md) says how to use it.\n\n"
        f"{contents}\n"
    )
    return head + "".join(f"\n## {title}\n{text}" for title, text in sections.items())


def _is_error(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, Exception)


def _by_depth(found: dict[str, Any], errors: list[str]) -> list[str]:
    """Return errors with each below the one that it is a kind of."""
    order = {name: [one.__name__ for one in found[name].__mro__[::-1]] for name in errors}
    return sorted(errors, key=lambda name: order[name])


def _function(function: Callable[..., Any], title: str = "", level: str = "###") -> str:
    name = title or function.__name__
    return f"\n{level} {name}\n\n{_code(_signature(function))}\n{_prose(function)}"


def _class(cls: type[Any]) -> str:
    base = cls.__mro__[1].__name__
    kind = f"A kind of `{base}`.\n\n" if _is_error(cls) and base != "Exception" else ""
    parts = [f"\n### {cls.__name__}\n\n", kind, _prose(cls)]
    if fields := _fields(cls):
        lines = "\n".join(f"{name}: {kind}" for name, kind in fields)
        parts.append("\n" + _code(lines))
    for name, member in _members(cls):
        parts.append(_member(cls, name, member))
    return "".join(parts)


def _fields(cls: Any) -> list[tuple[str, str]]:
    """Return the fields that a value has, with their types as they are written."""
    if dataclasses.is_dataclass(cls):
        public = [one.name for one in dataclasses.fields(cls) if not one.name.startswith("_")]
        return [(name, _type(cls.__annotations__[name])) for name in public]
    if hasattr(cls, "_fields"):
        return [(name, _type(cls.__annotations__[name])) for name in cls._fields]
    return []


def _members(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, member in vars(cls).items():
        if name.startswith("_") or (cls is filesync.Lockfile and name not in _OF_LOCKFILE):
            continue
        if cls in _RECORDS or (cls is filesync.Plan and name == "of"):  # takes what is ours
            continue
        if not _is_error(cls):
            yield name, member


def _member(cls: type[Any], name: str, member: Any) -> str:
    title = f"{cls.__name__}.{name}"
    if isinstance(member, (classmethod, staticmethod)):
        return _function(member.__func__, title, "####")
    if inspect.isfunction(member):
        return _function(member, title, "####")
    getter = getattr(member, "fget", None) or getattr(member, "func", None)
    if getter is None:
        return ""
    kind = _type(getter.__annotations__["return"])
    return f"\n#### {title}\n\n{_code(f'{name}: {kind}')}\n{_prose(getter)}"


def _signature(function: Callable[..., Any]) -> str:
    """Return a signature as one writes it, on one line if it fits."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    shown: list[str] = []
    starred = False
    for one in own:
        if one.kind is one.KEYWORD_ONLY and not starred:
            shown, starred = [*shown, "*"], True
        default = "" if one.default is one.empty else f" = {one.default!r}"
        shown.append(f"{one.name}: {_type(one.annotation)}{default}")
    end = f") -> {_type(signature.return_annotation)}"
    line = f"{function.__name__}({', '.join(shown)}{end}"
    if len(line) <= _LINE:
        return line
    return f"{function.__name__}(\n" + "".join(f"    {one},\n" for one in shown) + end


def _type(annotation: object) -> str:
    """Return a type as it is written, without the name of the module."""
    written = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(written))


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n"


def _prose(of: object) -> str:
    text = inspect.getdoc(of)
    assert text, f"{of} has no docstring"
    parts = text.split("\n\n")
    shown = [
        _code(textwrap.dedent(one)) if one.startswith("    ") else paragraph(" ".join(one.split()))
        for one in parts
    ]
    return "\n".join(shown)


def _event_type() -> str:
    kinds = ", ".join(f"`{name}`" for name in _EVENTS)
    return "\n" + paragraph(f"`progress` is called with an `Event`, which is one of {kinds}.")
