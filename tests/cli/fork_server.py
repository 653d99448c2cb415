"""Runs the command in forks of one process that has imported it all: a fifth of the time.

Each run is a process of its own still, with its own streams, folder and environment. It ends as
Python processes end, but for the taking apart of its modules. Started by `harness` as a script:
fork_server.py SOCKET_FD LISTENER_FD. The first is the socket of who started it, and to the second
connect the programs that `quick_command.py` makes of it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import traceback


def main() -> None:
    """Answer requests until the other end of the first socket is closed."""
    import deepdiff  # noqa: F401

    import filesync

    for module in pkgutil.walk_packages(filesync.__path__, "filesync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.freeze()  # what is imported stays as it is, in memory shared by all forks
    control, listener = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks of this process
    while True:
        ready, _, _ = select.select([control, listener], [], [])
        caller = control if control in ready else listener.accept()[0]
        message, fds, _, _ = socket.recv_fds(caller, 1 << 18, 4)
        if caller is control and not message:
            return
        if message and os.fork() == 0:
            for one in (control, listener, caller):
                one.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            attend(json.loads(message), *fds)
            return
        for fd in fds:
            os.close(fd)
        if caller is not control:
            caller.close()


def attend(request: dict[str, object], stdin: int, stdout: int, stderr: int, status: int) -> None:
    """Run one command in a fork of this fork, and tell its process id and how it ended."""
    pid = os.fork()
    if pid:
        os.write(status, f"{pid}\n".encode())
        _, ended = os.waitpid(pid, 0)
        os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
        os._exit(0)
    for number, fd in enumerate((stdin, stdout, stderr)):
        os.dup2(fd, number)
        os.close(fd)
    os.close(status)
    if os.isatty(1):
        os.setsid()
    # As Python opens them at its start: those of the server are for a file.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for number, name, buffering in ((1, "stdout", -1), (2, "stderr", 1)):
        errors = getattr(sys, name).errors
        stream = open(number, "w", buffering, "utf-8", errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    os.chdir(str(request["cwd"]))
    env = request["env"]
    assert isinstance(env, dict)
    os.environ.clear()
    os.environ.update(env)
    args = request["args"]
    assert isinstance(args, list)
    code = run(args, str(request.get("python", "")))
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Without taking apart all that was imported, which takes longer than most commands.
    os._exit(code)


def run(args: list[str], python: str) -> int:
    """Run the command, or the first of `args` as a script of that Python; return its exit code."""
    try:
        if python:
            sys.executable, sys.argv = python, args
            sys.path.insert(0, os.path.dirname(args[0]))
            runpy.run_path(args[0], run_name="__main__")
        else:
            sys.argv[1:] = args
            runpy.run_module("filesync", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
