"""What lets `make coverage` count the lines that a process runs which a test starts."""

from __future__ import annotations

import os

#: For the environment of such a process; empty unless coverage is measured.
MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
