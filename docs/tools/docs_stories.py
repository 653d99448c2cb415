"""Stories: what a reader of a page does from its top to its end, in one folder and one shell.

    ```console     commands behind `$ `, and below each what it prints
    ```yaml        a file, where the first line is its name: `# filesync.yaml`
    ```python      a program, run as it stands
    <!-- run       shell that a reader does not see: what somebody else does in the meantime
    -->

Everything else is for reading. Of the pages in BY_SECTION each section is a story of its own,
that begins with the blocks above the first section. Run as a program (`make docs`), this shows
below each command of every page what it prints now.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from docs_helpers import Shell, serving
from docs_pages import PAGES, Block, blocks_of, name_of, sections_of
from docs_platform import CLOCK, server_time

BY_SECTION = {"recovery.md", "guides.md"}
# For whoever has a key: these run against a platform that others use as well.
SERVED = {"recovery.md", "how-it-decides.md", "guides.md"}

_MARK = "---8<---"


class Step(NamedTuple):
    """A command and the lines that are shown below it; None where nothing is shown."""

    command: str
    shown: str | None


class Story(NamedTuple):
    """Blocks of a page, or of one section of it, that one reader goes through."""

    page: Path
    heading: str
    blocks: list[Block]

    @property
    def name(self) -> str:
        """Return what to call it."""
        return f"{name_of(self.page)}: {self.heading}" if self.heading else name_of(self.page)

    @property
    def steps(self) -> list[Step]:
        """Return everything that is run, in order."""
        return [step for block in self.blocks for step in _steps(block)]


def all_stories() -> list[Story]:
    """Return every story there is."""
    return [story for page in PAGES for story in _stories_of(page)]


def _stories_of(page: Path) -> list[Story]:
    sections = sections_of(page.read_text(encoding="utf-8"))
    first = blocks_of(sections.pop(""))
    parts = {heading: blocks_of(text) for heading, text in sections.items()}
    if page.name in BY_SECTION:
        found = [Story(page, heading, first + blocks) for heading, blocks in parts.items()]
    else:
        rest = [block for blocks in parts.values() for block in blocks]
        found = [Story(page, "", first + rest)]
    return [story for story in found if any(block.language == "console" for block in story.blocks)]


def _steps(block: Block) -> Iterator[Step]:
    if block.language == "console":
        parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
        assert parts[0] == "", "a console block begins with a command"
        yield from (Step(*pair) for pair in zip(parts[1::2], parts[2::2], strict=True))
    elif block.language == "run":
        yield Step(block.text, None)
    elif block.language == "python":
        yield Step(f"cat > page.py <<'EOT'\n{block.text}EOT\npython page.py", None)
    elif block.language == "yaml" and (named := re.match(r"# ([\w./-]+)\n", block.text)):
        folder = f"mkdir -p \"$(dirname '{named[1]}')\""
        yield Step(f"{folder}\ncat > {named[1]} <<'EOT'\n{block.text}EOT", None)


def told(story: Story, temp: Path) -> list[str]:
    """Run a story in a new folder below `temp`; what each of its steps printed."""
    script = ["exec 2>&1", "set -e"]
    for step in story.steps:
        script += [f"echo '{_MARK}'", step.command]
    with _reader(story.page, temp) as shell:
        output = shell.run("sh", "-c", "\n".join(script))
    return output.split(f"{_MARK}\n")[1:]


@contextmanager
def _reader(page: Path, temp: Path) -> Iterator[Shell]:
    """Give a reader's shell, who uses git; with a platform where the page wants one."""
    (temp / "gitconfig").write_text("[user]\nname = You\nemail = you@localhost\n")
    shell = Shell(temp / "desk", temp / "home")
    shell.env |= {"GIT_CONFIG_GLOBAL": str(temp / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    if page.name not in SERVED:
        yield shell
        return
    tools, clock = temp / "tools", temp / "clock"
    tools.mkdir()
    platform = tools / "platform"
    tool = Path(__file__).with_name("docs_platform.py")
    platform.write_text(f'#!/bin/sh\nexec {sys.executable} {tool} "$@"\n')
    platform.chmod(0o755)
    with serving(temp / "server", lambda: server_time(clock)) as to_server:
        shell.env |= {**to_server, CLOCK: str(clock), "PATH": f"{tools}:{shell.env['PATH']}"}
        yield shell


def comparable(output: str) -> list[str]:
    """Leave out what differs from run to run: ids, times, and which upload was done first."""
    for pattern, instead in (
        (r"\b(file-|vs_|batch_)\w+", r"\1ID"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "MOMENT"),
        (r"\b\d+[smhd]\b", "TIME"),
        (r"\breq_\w+", "req_ID"),
        (r"process \d+ on \S+,", "process PID on HOST,"),
        (r"http://127\.0\.0\.1:\d+/v1", "https://api.openai.com/v1"),
        # Only the server's clock is moved here; a reader's goes on as well.
        (r"(?m)^warning: this machine's clock is .*\n", ""),
    ):
        output = re.sub(pattern, instead, output)
    return sorted(re.sub(r" +", " ", line).strip() for line in output.splitlines())


def same_ids(shown: str, printed: str) -> set[tuple[str, str]]:
    """Pair the ids that are shown with those that were printed, by the lines they stand in."""
    pairs: set[tuple[str, str]] = set()
    theirs = _by_line(printed)
    for line, ids in _by_line(shown).items():
        pairs |= set(zip(ids, theirs[line], strict=True))
    return pairs


def _by_line(output: str) -> dict[str, list[str]]:
    """Return the ids of each line, by the line without them; of like lines none."""
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        (bare,) = comparable(line) or ("",)
        found[bare] = [] if bare in found else re.findall(r"\bfile-\w+", line)
    return found


def paste(story: Story) -> None:
    """Show in a page what the commands of a story print, if any of it is not what it shows."""
    with tempfile.TemporaryDirectory() as temp:
        printed = told(story, Path(temp))
    pairs = list(zip(story.steps, printed, strict=True))
    if all(
        step.shown is None or comparable(said) == comparable(step.shown) for step, said in pairs
    ):
        return
    text = story.page.read_text(encoding="utf-8")
    done = text.index(f"\n## {story.heading}\n") if story.heading else 0
    for step, said in pairs:
        if step.shown is not None:
            shown = f"\n$ {step.command}\n{step.shown}"
            now = f"\n$ {step.command}\n{_as_shown(said)}"
            at = text.index(shown, done)
            text = text[:at] + now + text[at + len(shown) :]
            done = at + len(now) - 1
    story.page.write_text(text, encoding="utf-8")
    print(f"{story.name}: shows what its commands print now")


def _as_shown(said: str) -> str:
    said = re.sub(r"http://127\.0\.0\.1:\d+/v1", "https://api.openai.com/v1", said)
    return re.sub(r"(?m)^warning: this machine's clock is .*\n", "", said)


if __name__ == "__main__":
    for one in all_stories():
        if not sys.argv[1:] or any(part in one.name for part in sys.argv[1:]):
            paste(one)
