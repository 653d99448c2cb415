"""One line of JSON: what is wrong with it as text, as JSON and as an object.

The standard library's parser, because it lets us look at every object's keys and at every
constant; it is used for lines that `plain_chat` did not let through.
"""

from __future__ import annotations

import json
import re
from typing import Any

from filesync.core.content.findings import Fault
from filesync.core.text import printable

BOM = b"\xef\xbb\xbf"
"""A byte order mark in UTF-8."""

_BEGINNING = 8  # characters, in which UTF-16 shows itself
_CUT = ("cut-line", "the last line stops in the middle: the file was cut")
_ENDS_EARLY = "unexpected end of data"  # as Python says of a character without its last bytes
# What can be left of a number, or of an escape in a text, where a file stops.
_HALF = re.compile(r"\.|\.?[eE][+-]?|u[0-9a-fA-F]{0,3}")
_NAMES = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}


class LineParser:
    """Parses lines one by one; `faults` holds what was wrong with the last one."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._constant
        ).decode

    def parse(self, line: bytes, *, cut: bool = False) -> dict[str, Any] | None:
        """Return the object on a line, None where `faults` says why there is none.

        `cut` says that the line is the file's last one and has no line end.
        """
        self.faults = []
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            ends_early = cut and error.end == len(line) and error.reason == _ENDS_EARLY
            self.faults.append(_CUT if ends_early else ("not-utf-8", _not_utf8(line, error.start)))
            return None
        try:
            value = self._decode(text)
        except json.JSONDecodeError as error:
            self.faults = [_syntax(error, text, cut)]
            return None
        except RecursionError:
            self.faults = [("too-deep", "nested too deeply to be read")]
            return None
        except ValueError:
            self.faults = [("invalid-json", "a whole number has more than 4,300 digits")]
            return None
        if "\\ud" in text.lower() and _has_lone_surrogate(value):
            self.faults.append(("lone-surrogate", "an escape such as \\ud83d is half a character"))
        if isinstance(value, dict):
            return value
        self.faults.append(("not-an-object", f"{kind(value)}, not a JSON object"))
        return None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    fault = ("duplicate-key", f"the key {quoted(key)} appears twice in one object")
                    if fault not in self.faults:
                        self.faults.append(fault)
                seen.add(key)
        return result

    def _constant(self, name: str) -> str:
        fault = ("not-a-number", f"{name} is not JSON; use null or a number")
        if fault not in self.faults:
            self.faults.append(fault)
        return name


def kind(value: object) -> str:
    """Return what a JSON value is, in words: "a list", "a number"."""
    return _NAMES.get(type(value)) or ("an object" if isinstance(value, dict) else "a number")


def quoted(value: object) -> str:
    """Return a value as JSON writes it, short and safe to print."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = "a value"
    text = printable(text)
    return text if len(text) <= 60 else text[:57] + "..."


def _not_utf8(line: bytes, at: int) -> str:
    if b"\0" in line:
        return "not UTF-8 (it looks like UTF-16: save the file as UTF-8)"
    return f"byte 0x{line[at]:02x} at column {at + 1} is not UTF-8"


def _syntax(error: json.JSONDecodeError, text: str, cut: bool) -> Fault:
    if "\0" in text[:_BEGINNING]:
        return "not-utf-8", "NUL bytes: it looks like UTF-16, save the file as UTF-8"
    if text[:1] == "\ufeff" or "BOM" in error.msg:
        return "byte-order-mark", "a byte order mark (U+FEFF) stands before the JSON"
    if cut and _stops_early(error, text):
        return _CUT
    message = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
    return "invalid-json", f"not JSON: {message} at column {error.pos + 1}"


def _stops_early(error: json.JSONDecodeError, text: str) -> bool:
    """Say whether the text is the beginning of JSON: a text without its end, or half a word."""
    if error.msg.startswith("Unterminated string"):
        return True
    rest = text[error.pos :].rstrip()
    return not error.msg.startswith("Extra data") and (
        not rest
        or _HALF.fullmatch(rest) is not None
        or any(word.startswith(rest) for word in ("true", "false", "null", "-"))
    )


def _has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False
