"""Runs the command, or a script, in the fork server, for those that call it as a program.

Started as a script: quick_command.py ADDRESS PYTHON ARGS... The first of ARGS is a script if there
is a PYTHON for it to run in; else they are the command's. What is sent and what comes back is said
in `fork_server`. Streams, folder and environment are the caller's, and SIGINT and SIGTERM are
passed on.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys


def main() -> None:
    """Run the command, and end as it did."""
    address, python, *args = sys.argv[1:]
    told, status = os.pipe()
    asked = {"python": python, "args": args, "cwd": os.getcwd(), "env": dict(os.environ)}
    message = json.dumps(asked)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(address)
        socket.send_fds(server, [message.encode()], [0, 1, 2, status])
    os.close(status)
    with open(told, encoding="ascii") as said:
        pid = int(said.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _frame: os.kill(pid, number))
        code = int(said.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
