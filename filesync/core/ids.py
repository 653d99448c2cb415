"""What can be a remote id: one rule for answers, URLs and the lockfile.

An id that one of them takes and another refuses would be locked once and never read again.
"""

from __future__ import annotations

import re

MAX_ID = 1024
"""The most characters of an id. OpenAI's have about 30; LiteLLM's name a model and a server too."""

CHARACTERS = r"!#-.0-\[\]-~"
"""A regular expression's class: printable ASCII without space, quote, slash and backslash."""

_ID = re.compile(rf"[{CHARACTERS}\"\\]{{1,{MAX_ID}}}")


def is_id(text: str) -> bool:
    """Say whether `text` can stand in a URL's path as one segment, in a shell and in a lockfile.

    Nor may it be a command to a runner that reads it in a log: see `core.text.printable`.
    """
    if _ID.fullmatch(text) is None or text in (".", ".."):
        return False
    return not text.startswith("::") and "##[" not in text
