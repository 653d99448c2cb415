"""Makes a process ready to be forked: what commands load and build on their first use is there."""

from __future__ import annotations

import gc
import io
import json
import os
import sys
import tempfile
import threading
from typing import Any

import deepdiff  # noqa: F401 - a replace would load it
import httpx

from filesync.cli import _run

_COMMANDS = (["apply", "-y"], ["plan"], ["plan", "--json"])


def warm_up() -> None:
    """Run commands once, so that each fork takes a third less time; leaves no thread behind."""
    _share_tls_settings()
    out = sys.stdout, sys.stderr
    back = os.getcwd()
    # A list and a replace make deepdiff and the rest load, too.
    manifest: dict[str, Any] = {"version": 1, "project": "warm", "files": {}}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            sys.stdout = sys.stderr = io.StringIO()
            for purpose in ("user_data", "assistants"):
                for n in range(3):
                    with open(f"{n}.txt", "w") as file:
                        file.write(f"{n}")
                    entry = {"path": f"{n}.txt", "purpose": purpose, "fingerprint": n == 0}
                    manifest["files"][f"f{n}"] = entry
                with open("filesync.yaml", "w") as file:
                    json.dump(manifest, file)
                for command in _COMMANDS:
                    sys.argv = ["filesync", "--base-url", "emulator:data", *command]
                    code = _run()
                    assert code == 0, code
        finally:
            printed = sys.stdout
            sys.stdout, sys.stderr = out
            os.chdir(back)
        for thread in threading.enumerate():
            if thread is not threading.main_thread():
                thread.join(10)  # a worker of the emulator's, on its way out
        assert threading.active_count() == 1, (threading.enumerate(), printed)
    gc.collect()
    gc.freeze()  # else a fork's first collection copies every page


def _share_tls_settings() -> None:
    """Make once those of a server without TLS, which take a tenth of a plan's time."""
    library: Any = httpx
    make, plain = library.create_ssl_context, library.create_ssl_context(verify=False)

    def create(verify: Any = True, **more: Any) -> Any:
        return make(verify, **more) if verify else plain

    library.create_ssl_context = create
