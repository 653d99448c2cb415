"""A text that no message, log or representation shows."""

from __future__ import annotations


class Secret:
    """Holds a text; only `reveal` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"


def secret(text: str | None) -> Secret | None:
    """Return a text as a secret, None for None."""
    return None if text is None else Secret(text)
