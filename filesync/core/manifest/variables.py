"""`${NAME}` and `${NAME:-default}` in the texts of a manifest. Pure: what is set is an argument.

A text is filled in after the YAML was read, so a value is never more than the text it stands in:
it cannot add a field or an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from filesync.core.text import printable

API_KEY = "OPENAI_API_KEY"
USES_ONE = r"(^|[^$])\$\{[A-Za-z_]"
"""A regular expression for JSON Schema: a text that is not final yet."""

MAX_ADDED = 10 * 2**20
"""How many characters variables may add to a manifest: as many as it may have bytes."""

_MARK = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
_PLAIN = "`$${` stands for a plain `${`"


@dataclass(frozen=True, slots=True)
class Unfilled:
    """Stands where a text could not be filled in.

    No check takes it for a value, so none can go by what is not there. `unset` are the sentences
    about variables that are not set, `faults` those about what no variable can mend.
    """

    faults: tuple[str, ...]
    unset: tuple[str, ...]


class Filler:
    """Fills in the texts of one manifest; `used` says whether any had a variable in it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.used = False
        self._variables = variables
        self._room = MAX_ADDED

    def fill(self, text: str) -> str | Unfilled:
        """Return the text with the value of each variable in its place."""
        faults: list[str] = []
        unset: list[str] = []

        def put(found: re.Match[str]) -> str:
            inside, end = found.groups()
            if inside is None:
                return "${"
            self.used = True
            if not end:
                faults.append(f"`${{` is not closed by `}}`; {_PLAIN}")
                return ""
            name, default = self._split(inside, faults)
            if name is None:
                return ""
            value = self._variables.get(name)
            if not value and default is not None:
                value = default  # as in a shell, `:-` is for what is empty as well
            if value is None:
                unset.append(
                    f"the environment variable {name} is not set: "
                    f"set it, or write ${{{name}:-default}}"
                )
                return ""
            if _HALF_A_CHARACTER.search(value):
                faults.append(f"the environment variable {name} has bytes that are not UTF-8")
                return ""
            self._room -= len(value)
            if self._room < 0:
                faults.append(f"variables add more than {MAX_ADDED:,} characters to the manifest")
                return ""
            return value

        filled = _MARK.sub(put, text)
        return Unfilled(tuple(faults), tuple(unset)) if faults or unset else filled

    @staticmethod
    def _split(inside: str, faults: list[str]) -> tuple[str | None, str | None]:
        """Return the name and the default between the braces; a name of None is told already."""
        parts = _INSIDE.fullmatch(inside)
        if parts is None:
            shown = printable(inside if len(inside) <= 40 else f"{inside[:39]}…")
            faults.append(f"`${{{shown}}}` must be ${{NAME}} or ${{NAME:-default}}; {_PLAIN}")
        elif "${" in inside:
            faults.append(f"the default of {parts[1]} cannot have another `${{` in it")
        elif parts[1] == API_KEY:
            # What stands in a manifest is shown in plans, lockfiles and listings.
            faults.append(f"{API_KEY} cannot be used in a manifest: it would be shown")
        else:
            return parts[1], None if parts[2] is None else parts[2][2:]
        return None, None


def unfilled(value: object) -> Iterator[tuple[tuple[str, ...], Unfilled]]:
    """Yield what could not be filled in at `value` or right below it, each with the way there."""
    if isinstance(value, Unfilled):
        yield (), value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, Unfilled):
                yield (key,), inner
