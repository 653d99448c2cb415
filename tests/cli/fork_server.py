"""Runs the command in forks of one process that has imported it all: a fifth of the time.

Each run is a process of its own still, with its own streams, folder and environment. It ends as
Python processes end, but for the taking apart of its modules. Started by `harness` as a module:
fork_server SOCKET_FD LISTENER_FD. The first is the socket of who started it, and to the second
connect the programs that `quick_command.py` makes of it.
"""

from __future__ import annotations

import atexit
import contextlib
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
from typing import NoReturn

import filesync
from tests.warm_up import warm_up


def main() -> None:
    """Answer requests until the other end of the first socket is closed."""
    control, listener = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:])
    for module in pkgutil.walk_packages(filesync.__path__, "filesync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    warm_up()
    ended, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    running: dict[int, int] = {}  # a command's process id -> where its end is told
    while True:
        ready, _, _ = select.select([control, listener, ended], [], [])
        if ended in ready:
            ended.recv(1 << 10)
            _tell_ends(running)
        if control not in ready and listener not in ready:
            continue
        caller = control if control in ready else listener.accept()[0]
        message, fds, _, _ = socket.recv_fds(caller, 1 << 18, 4)
        if caller is control and not message:
            return
        if message:
            *streams, status = fds
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for one in (control, listener, caller, ended, woken):
                    one.close()
                for fd in (status, *running.values()):
                    os.close(fd)
                attend(json.loads(message), *streams)
            running[pid] = status
            os.write(status, f"{pid}\n".encode())
            for fd in streams:
                os.close(fd)
        if caller is not control:
            caller.close()


def _tell_ends(running: dict[int, int]) -> None:
    """Tell how each command ended that has, and forget it."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        # Nobody listens any more where a test has killed the command.
        with contextlib.suppress(BrokenPipeError):
            os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(told)


def attend(request: dict[str, object], stdin: int, stdout: int, stderr: int) -> NoReturn:
    """Run one command in this fork, and end as it does."""
    for number, fd in enumerate((stdin, stdout, stderr)):
        os.dup2(fd, number)
        os.close(fd)
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
