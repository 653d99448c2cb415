"""httpx without its command line, which brings rich and pygments: 45 ms of the 120 it costs.

httpx does without where those are not installed, and None in `sys.modules` says just that. It is
taken out again, so that whoever wants that command line can still import it.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

if _COMMAND_LINE in sys.modules:
    import httpx
else:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]
    try:
        import httpx
    finally:
        del sys.modules[_COMMAND_LINE]

__all__ = ["httpx"]
