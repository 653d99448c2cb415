"""Taking a key out of a text, in whatever spelling a server or gateway echoes it."""

from __future__ import annotations

import base64
import functools
import re
from urllib.parse import quote

_SHORTEST_KEY = 8
_MASK = "***"


def without(key: str, text: str) -> str:
    """Return `text` with each appearance of the key replaced by `***`.

    A key of fewer than 8 characters is not a secret but a placeholder, which may be part of any
    word, and stays.
    """
    if len(key) < _SHORTEST_KEY:
        return text
    return _pattern(key).sub(_MASK, text)


def plainly(key: str, body: bytes) -> bytes:
    """Return a body of any size without the key as it stands; quick, unlike the above."""
    return body.replace(key.encode(), _MASK.encode()) if len(key) >= _SHORTEST_KEY else body


@functools.lru_cache(maxsize=8)
def _pattern(key: str) -> re.Pattern[str]:
    raw = key.encode()
    spellings = {key, key[::-1], raw.hex(), raw.hex(" "), raw.hex(":")}
    spellings |= {quote(one, safe="") for one in (key, quote(key, safe=""))}
    spellings |= {"".join(f"%{byte:02x}" for byte in raw)}
    # In base64 the same bytes look different by where in a group of three they begin. What is
    # left and right of the key takes part in the first and last character: those are left out.
    for padding in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * padding + raw).decode().rstrip("=")
            start, end = (0, 2, 3)[padding], len(text) - ((padding + len(raw)) % 3 > 0)
            spellings.add(text[start:end])
    # A key that is echoed as JSON text, as HTML or as Python's repr, one character at a time.
    parts = [
        rf"(?:{re.escape(one)}|\\+u00{ord(one):02x}|\\+x{ord(one):02x}|%(?:25)*{ord(one):02x}"
        rf"|&#(?:{ord(one)}|x0*{ord(one):x});)"
        for one in key
    ]
    longest_first = sorted(spellings, key=len, reverse=True)
    choices = [*map(re.escape, longest_first), "".join(parts)]
    return re.compile("|".join(choices), re.IGNORECASE)
