"""GitHub's expressions, as far as workflows and actions here use them, by GitHub's own rules.

Texts compare without regard to case, a missing property is null, and what is not in the language
is an error: a workflow with it would not start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>==|!=|&&|\|\||[!().,\[\]]))"
)
_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)

Functions = Mapping[str, Callable[..., Any]]
NONE: Functions = MappingProxyType({})


def inserted(text: object, contexts: Mapping[str, Any], functions: Functions = NONE) -> Any:
    """Return a value of a workflow with each `${{ }}` replaced; alone, it keeps its type."""
    if not isinstance(text, str):
        return text
    if (whole := _INSERTED.fullmatch(text.strip())) and "}}" not in whole[1]:
        return evaluate(whole[1], contexts, functions)
    return _INSERTED.sub(lambda one: shown(evaluate(one[1], contexts, functions)), text)


def shown(value: Any) -> str:
    """Return a value as the text that an environment variable or an input gets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def holds(condition: object, contexts: Mapping[str, Any], status: str) -> bool:
    """Say whether an `if` holds: without a function that asks how it stands, only on success."""
    text = str(condition).strip()
    text = whole[1] if (whole := _INSERTED.fullmatch(text)) else text
    asked: list[str] = []

    def ask(name: str, answer: bool) -> Callable[[], bool]:
        def asks() -> bool:
            asked.append(name)
            return answer

        return asks

    functions = {
        "always": ask("always", True),
        "success": ask("success", status == "success"),
        "failure": ask("failure", status == "failure"),
        "cancelled": ask("cancelled", False),
    }
    found = bool(evaluate(text, contexts, functions))
    mentioned = re.search(r"\b(always|success|failure|cancelled)\(\)", text)
    return found and (mentioned is not None or status == "success")


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions = NONE) -> Any:
    """Return the value of an expression; ValueError if it is not one."""
    reader = _Reader(text, contexts, functions)
    value = reader.either()
    if reader.next is not None:
        raise ValueError(f"{reader.next!r} is too much in {text!r}")
    return value


class _Reader:
    """Reads and evaluates in one go; both sides of && and || are always evaluated."""

    def __init__(self, text: str, contexts: Mapping[str, Any], functions: Functions) -> None:
        self._contexts, self._functions = contexts, functions
        self._tokens, place = [], 0
        text = text.strip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"not an expression: {text!r}")
            self._tokens.append((found.lastgroup, found[found.lastgroup or 0]))
            place = found.end()
            while place < len(text) and text[place].isspace():
                place += 1

    @property
    def next(self) -> str | None:
        return self._tokens[0][1] if self._tokens else None

    def _take(self, sign: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", sign):
            self._tokens.pop(0)
            return True
        return False

    def _must(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign!r} expected before {self.next!r}")

    def either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Any:
        value = self._not()
        while self.next in ("==", "!="):
            wanted = self._tokens.pop(0)[1] == "=="
            value = (_folded(value) == _folded(self._not())) is wanted
        return value

    def _not(self) -> Any:
        return not self._not() if self._take("!") else self._value()

    def _value(self) -> Any:
        if self._take("("):
            value = self.either()
            self._must(")")
            return value
        if not self._tokens:
            raise ValueError("an expression ends too early")
        kind, text = self._tokens.pop(0)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if kind != "name":
            raise ValueError(f"unexpected {text!r}")
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if self._take("("):
            return self._call(text)
        return self._property(text)

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._take(")"):
            arguments.append(self.either())
            self._take(",")
        known: dict[str, Callable[..., Any]] = {
            "contains": lambda whole, part: _folded(part) in _folded(whole),
            **self._functions,
        }
        if name not in known:
            raise ValueError(f"no function {name}")
        return known[name](*arguments)

    def _property(self, name: str) -> Any:
        if name not in self._contexts:
            raise ValueError(f"no context {name}")
        value = self._contexts[name]
        while True:
            if self._take("."):
                key: Any = self._tokens.pop(0)[1]
            elif self._take("["):
                key = self.either()
                self._must("]")
            else:
                return value
            value = value.get(key) if isinstance(value, Mapping) else None


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
