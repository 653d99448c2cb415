"""What the API says of each purpose: one row each, and the bounds that hold for all.

The API's documents do not say whether "MB" is 10^6 or 2^20 bytes. Limits here are the larger
reading: a local check must never refuse a file that the server would have taken.
"""

from __future__ import annotations

from typing import NamedTuple

_MIB = 2**20
_DAY = 86400

MAX_FILE_BYTES = 8 * 2**30
"""The most bytes any file may have, whatever its purpose."""

MIN_EXPIRES_AFTER = 3600
"""The shortest life, in seconds, that the API gives a file that expires."""

MAX_EXPIRES_AFTER = 30 * _DAY
"""The longest life, in seconds, that the API gives a file that expires."""


PROJECT_QUOTA = 2500 * 1000**3
"""How many bytes OpenAI keeps for a project, by the smaller reading: a warning may be early."""


class Purpose(NamedTuple):
    """The API's rules for one purpose: bytes, and seconds (None: never expires).

    `max_bytes` is None where only MAX_FILE_BYTES applies.
    """

    max_bytes: int | None
    default_expires_after: int | None
    may_never_expire: bool


PURPOSES = {
    "assistants": Purpose(None, None, may_never_expire=True),
    "batch": Purpose(200 * _MIB, 30 * _DAY, may_never_expire=False),
    "fine-tune": Purpose(None, None, may_never_expire=True),
    "vision": Purpose(20 * _MIB, None, may_never_expire=True),
    "user_data": Purpose(None, None, may_never_expire=True),
    "evals": Purpose(None, None, may_never_expire=True),
}
"""The purposes a file can be uploaded with."""

JSONL_PURPOSES = frozenset({"batch", "fine-tune"})
"""The purposes whose files are JSONL, checked line by line."""

DEFAULT_PURPOSE = "user_data"
"""The purpose of an entry that names none."""

OUTPUT_PURPOSES = frozenset(
    {
        "assistants_output",
        "batch_output",
        "fine-tune-results",
        # DeepInfra's, Together's and OpenAI's evals.
        "batch-output",
        "batch-generated",
        "eval-output",
        "eval-summary",
    }
)
"""The purposes known to be of files that servers make themselves; `servers.is_output` decides."""
