"""What somebody else does on the platform, while a page of the documents is run.

    platform delete ID...              delete files
    platform upload NAME TEXT          upload a file for user_data
    platform attach ID                 put a file into a new vector store
    platform detach                    delete all vector stores
    platform spoil TEXT                change a text wherever it is in the content of files
    platform later DAYS                let the platform's clock go on
    platform hold                      hold the lockfile for as long as stdin is open
    platform kill                      run `filesync apply -y`, killed before it saves the lockfile

Only the blocks that a reader does not see call it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

CLOCK = "DOCS_CLOCK"


def server_time(clock: Path) -> float:
    """Return the time of a platform whose clock file is `clock`."""
    return time.time() + (float(clock.read_text()) if clock.exists() else 0)


def _later(seconds: float) -> None:
    clock = Path(os.environ[CLOCK])
    clock.write_text(str(server_time(clock) - time.time() + seconds))


def _ask(method: str, route: str, body: bytes = b"", kind: str = "application/json") -> Any:
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + route,
        body or None,
        {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "Content-Type": kind},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _upload(name: str, text: str) -> None:
    mark = uuid.uuid4().hex
    fields = {'"purpose"': "user_data", f'"file"; filename="{name}"': text + "\n"}
    parts = [
        f"--{mark}\r\nContent-Disposition: form-data; name={field}\r\n\r\n{value}\r\n"
        for field, value in fields.items()
    ]
    form = f"{''.join(parts)}--{mark}--\r\n"
    _ask("POST", "/files", form.encode(), f"multipart/form-data; boundary={mark}")


def _spoil(text: bytes) -> None:
    for blob in (Path(os.environ[CLOCK]).with_name("server") / "blobs").iterdir():
        blob.write_bytes(blob.read_bytes().replace(text, b"?" * len(text)))


def _hold() -> None:
    from filesync.local.apply_lock import exclusive

    with exclusive("filesync.yaml", timeout=0, on_wait=print):
        print("held", flush=True)
        sys.stdin.read()


def _kill() -> None:
    from filesync import cli
    from filesync.local import lockfile

    def killed(*_args: object, **_more: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    lockfile.save_lock = killed
    sys.argv = ["filesync", "apply", "-y"]
    cli.main()


def main(what: str, *args: str) -> None:
    """Do what somebody else does."""
    match what, args:
        case "delete", ids:
            for file_id in ids:
                _ask("DELETE", f"/files/{file_id}")
            _later(200)  # a file that was made just now would be looked for again and again
        case "upload", (name, text):
            _upload(name, text)
        case "attach", (file_id,):
            _ask("POST", "/vector_stores", json.dumps({"file_ids": [file_id]}).encode())
        case "detach", ():
            for store in _ask("GET", "/vector_stores")["data"]:
                _ask("DELETE", f"/vector_stores/{store['id']}")
        case "spoil", (text,):
            _spoil(text.encode())
        case "later", (days,):
            _later(float(days) * 86400)
        case "hold", ():
            _hold()
        case "kill", ():
            _kill()
        case _:
            sys.exit(f"platform cannot {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
