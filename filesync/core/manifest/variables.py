"""`${NAME}` and `${NAME:-default}` in the texts of a manifest. Pure: what is set is an argument.

A text is filled in after the YAML was read, so a value is never more than the text it stands in:
it cannot add a field or an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from filesync.core.text import printable

API_KEY = "OPENAI_API_KEY"
USES_ONE = r"(^|[^$])\$\{[A-Za-z_]"
"""A regular expression for JSON Schema: a text that is not final yet."""

MAX_ADDED = 10 * 2**20
"""How many characters variables may add to a manifest: as many as it may have bytes."""

PREFIX = "FILESYNC_VAR_"
"""What a variable's name begins with, unless the run allows the name by itself."""

_SECRET = {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS"}
_SHORTEST_KEY = 12  # characters; a shorter one is a placeholder, which may be part of any word


class Access(NamedTuple):
    """Which variables a manifest may use; the default, for text that nobody else wrote, is any.

    allowed   names besides those that begin with PREFIX, None for every name
    secrets   what no value may contain: the keys of this run
    base_url  the only base URL that variables may make, None for any
    """

    allowed: frozenset[str] | None = None
    secrets: tuple[str, ...] = ()
    base_url: str | None = None

    def refusal(self, name: str) -> str | None:
        """Return why a manifest may not use the variable of this name, None if it may."""
        if name == API_KEY:
            return f"{API_KEY} cannot be used in a manifest: it would be shown"
        if self.allowed is None:
            return None
        if _SECRET & set(name.upper().split("_")):
            return f"{name} looks like a secret by its name: what stands in a manifest is shown"
        if name.startswith(PREFIX) or name in self.allowed:
            return None
        return (
            f"the environment variable {name} cannot be used here: call it {PREFIX}{name}, "
            f"or pass --allow-env {name}"
        )

    def leaks(self, value: str) -> bool:
        """Say whether a value has a key of this run in it."""
        return any(len(one) >= _SHORTEST_KEY and one in value for one in self.secrets)


ANY = Access()

_MARK = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
_PLAIN = "`$${` stands for a plain `${`"


@dataclass(frozen=True, slots=True)
class Unfilled:
    """Stands where a text could not be filled in.

    No check takes it for a value, so none reports a fault of a text that is missing. `unset`
    are the sentences about variables that are not set, `faults` those about what no variable
    can repair.
    """

    faults: tuple[str, ...]
    unset: tuple[str, ...]


class Filler:
    """Fills in the texts of one manifest; `used` says whether any had a variable in it."""

    def __init__(self, variables: Mapping[str, str], access: Access = ANY) -> None:
        self.used = False
        self._access = access
        self._variables = variables
        self._room = MAX_ADDED

    def fill(self, text: str, *, base_url: bool = False) -> str | Unfilled:
        """Return the text with the value of each variable in its place.

        A `base_url` decides where the key is sent, so a variable may only repeat what the run's
        own environment says.
        """
        faults: list[str] = []
        unset: list[str] = []
        named: list[str] = []

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
            if value:
                named.append(name)
            if not value and default is not None:
                value = default  # as in a shell, `:-` is for what is empty as well
            if value is None:
                unset.append(
                    f"the environment variable {name} is not set: "
                    f"set it, or write ${{{name}:-default}}"
                )
                return ""
            if self._access.leaks(value):
                faults.append(f"the value of {name} has the API key in it, which would be shown")
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
        pinned = self._access.base_url
        if base_url and named and pinned is not None and filled.rstrip("/") != pinned.rstrip("/"):
            faults.append(
                f"{named[0]} would decide where the API key is sent: pass --base-url, "
                "or set OPENAI_BASE_URL to the same URL"
            )
        return Unfilled(tuple(faults), tuple(unset)) if faults or unset else filled

    def _split(self, inside: str, faults: list[str]) -> tuple[str | None, str | None]:
        """Return the name and the default between the braces; no name if a fault was recorded."""
        parts = _INSIDE.fullmatch(inside)
        if parts is None:
            shown = printable(inside if len(inside) <= 40 else f"{inside[:39]}…")
            faults.append(f"`${{{shown}}}` must be ${{NAME}} or ${{NAME:-default}}; {_PLAIN}")
        elif "${" in inside:
            faults.append(f"the default of {parts[1]} cannot have another `${{` in it")
        elif (refusal := self._access.refusal(parts[1])) is not None:
            # What stands in a manifest is shown in plans, lockfiles and listings.
            faults.append(refusal)
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
