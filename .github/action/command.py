"""Run the command, with what the inputs say, and report why it failed."""

from __future__ import annotations

import html
import os
import subprocess
import sys
from pathlib import Path

from job import environment, given, manifest, names, quoted

_LONGEST = 60_000  # characters of a report; a comment holds 65,536
_ANY_SERVER, _SERVER = "manifest", "https://api.openai.com/v1"


def filesync(*args: str, stdout: Path | None = None) -> tuple[int, str]:
    """Run filesync; return its exit code and what it said on stderr, which is in the log, too.

    Its stdout goes to a file if one is given. What fails without a word in the job's summary is
    added there.
    """
    summary = Path(os.environ["GITHUB_STEP_SUMMARY"])
    before = summary.stat().st_size if summary.exists() else 0
    script = Path(sys.executable).with_name("filesync")
    with quoted(), open(stdout or os.dup(1), "wb") as out:
        process = subprocess.Popen(
            [str(script), *args, *_options()],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
        )
        assert process.stderr is not None
        lines = []
        for line in process.stderr:  # in the log at once, for whoever watches
            print(line, end="", flush=True)
            lines.append(line)
        code = process.wait()
    said = "".join(lines)
    if code and (not summary.exists() or summary.stat().st_size == before):
        with summary.open("a", encoding="utf-8") as file:
            file.write(failure_report(args[0], said))
    return code, said


def failure_report(command: str, said: str) -> str:
    """Return the errors as Markdown in which nothing formats or notifies."""
    text = html.escape(said, quote=False).replace("@", "@&#8203;")[:_LONGEST]
    # Not in the middle of a character reference.
    cut = text.rpartition("&")
    text = cut[0] if cut[1] and ";" not in cut[2] and len(cut[2]) < 8 else text
    return f"### filesync: the {command} failed\n\n<pre>\n{text}\n</pre>\n"


def has_key() -> bool:
    """Say whether there is a key, from the input or from the job."""
    return any(given(name) for name in ("API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"))


def _options() -> list[str]:
    base_url = given("BASE_URL") or _SERVER
    server = [] if base_url == _ANY_SERVER else ["--base-url", base_url]
    return server + [word for name in names(given("ALLOW_ENV")) for word in ("--allow-env", name)]


def _environment() -> dict[str, str]:
    env = {**os.environ, "FILESYNC_MANIFEST": manifest(), "FILESYNC_ENV": environment()}
    if key := env.pop("API_KEY", ""):
        env["OPENAI_API_KEY"] = env["AZURE_OPENAI_API_KEY"] = key
    return env
