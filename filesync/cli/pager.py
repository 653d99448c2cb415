"""Long output on a terminal goes through a pager, as git does it."""

from __future__ import annotations

import os
import shutil
import sys

import click

_NOT_FOUND = 127  # what a shell exits with


def show(text: str, *, pager: bool) -> None:
    """Print a text; with `pager`, through $PAGER (else less) if it is taller than the terminal."""
    command = os.environ.get("PAGER", "less").strip()
    if not (pager and command and command != "cat" and is_taller(text)):
        click.echo(text)
        return
    if _piped(command, text) == _NOT_FOUND:
        click.echo(text)


def is_taller(text: str) -> bool:
    """Say whether stdout is a terminal on which a text would scroll away."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return text.count("\n") + 1 >= shutil.get_terminal_size().lines


def _piped(command: str, text: str) -> int:
    """Run a pager on a text and return its exit code; Ctrl-C is the pager's while it runs."""
    import subprocess

    sys.stdout.flush()
    # F: end at once if it fits; R: keep colours; X: leave the text on the terminal.
    env = {"LESS": "FRX", "LV": "-c", **os.environ}
    data = f"{text}\n".encode(errors="backslashreplace")
    with subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=env) as running:
        while True:
            try:
                running.communicate(data)
            except KeyboardInterrupt:
                continue
            return running.returncode
