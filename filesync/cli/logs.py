"""The log of requests on stderr, as text or as one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
import time


def log_http(form: str) -> None:
    """Log each request on stderr; `form` is text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else logging.Formatter("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("filesync").setLevel(logging.DEBUG)


class _Json(logging.Formatter):
    """Formats a record as one line of JSON; the time is in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(said)
