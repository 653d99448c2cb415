"""The environment variables that hold keys."""

from __future__ import annotations

SECRETS = (
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)
"""The variables whose values must come back in nothing that is written or printed."""
