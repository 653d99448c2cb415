"""What the shapes of all sections share."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

TEXT = {"type": "string", "minLength": 1}
"""The JSON Schema of a text that is not empty."""


def strict(title: str, **schema: Any) -> ConfigDict:
    """Return the settings of a section: unknown fields and values of another type are errors."""
    return ConfigDict(title=title, extra="forbid", strict=True, json_schema_extra=schema)
