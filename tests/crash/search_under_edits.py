"""Somebody searches a store all the time while it is edited and applied, again and again.

No look may miss a document that was in the store before and is declared after. As a script, with
the number of edits: `python -m tests.crash.search_under_edits 200`.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import httpx

from filesync.emulator.server import embedded
from tests.cli.harness import CANARY, Project

DOCUMENTS = 30
SETTINGS = {"index_delay": 0.03, "index_fails": ["bad*"]}


class Watched(NamedTuple):
    """What came of it: edits applied, looks, and the documents that a look has missed."""

    edits: int
    looks: int
    missed: list[str]


class Searcher:
    """Asks for one document after the other until it is stopped; each has a word of its own."""

    def __init__(self, url: str, seed: int) -> None:
        self._chance = random.Random(seed)
        self._http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {CANARY}"}, trust_env=False
        )
        self._steady: frozenset[str] = frozenset()
        self._store = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.looks = 0
        self.missed: list[str] = []

    def begin(self, store: str) -> None:
        """Search this store from now on."""
        self._store = store
        self._thread.start()

    def expect(self, words: set[str]) -> None:
        """These are to be found from now on; what is no longer among them may be missing."""
        self._steady = frozenset(words)

    def end(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()
        self._http.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            words = self._steady
            if words:
                self._look(self._chance.choice(sorted(words)))

    def _look(self, word: str) -> None:
        answer = self._http.post(
            f"/vector_stores/{self._store}/search", json={"query": word, "max_num_results": 5}
        )
        found = answer.json()["data"] if answer.status_code == 200 else []
        if word not in self._steady:
            return  # an edit that began meanwhile takes it away
        self.looks += 1
        if not any(word in part["text"] for one in found for part in one["content"]):
            self.missed.append(f"{word}: {answer.status_code} {answer.text[:200]}")


class Documents:
    """The documents of a project, edited at random; the word of each stays the same."""

    def __init__(self, project: Project, seed: int) -> None:
        self._project = project
        self._chance = random.Random(seed)
        self._versions: dict[str, int] = {}
        self._fields: dict[str, str] = {}
        self._next = 0
        self.words: set[str] = set()
        for _ in range(DOCUMENTS):
            self.add()

    def add(self) -> None:
        """A new document."""
        word = f"anchor{self._next}"
        self._next += 1
        self.words.add(word)
        self.change(word)

    def change(self, word: str) -> None:
        """A new version of a document."""
        self._versions[word] = version = self._versions.get(word, 0) + 1
        filler = " ".join(self._chance.choices(["alpha", "beta", "gamma", "delta"], k=30))
        self._project.write(f"d/{word}.md", f"{word} of version {version}. {filler}\n")

    def edit(self) -> None:
        """Change, add, take away and mark some documents, and let one fail now and then."""
        chance = self._chance
        for word in chance.sample(sorted(self.words), chance.randrange(1, 5)):
            self.change(word)
        if chance.random() < 0.3:
            self.add()
        if chance.random() < 0.3 and len(self.words) > DOCUMENTS // 2:
            self.words.remove(chance.choice(sorted(self.words)))
        self._fields = {}
        if chance.random() < 0.3:
            word = chance.choice(sorted(self.words))
            self._fields[word] = f"attributes: {{level: {chance.randrange(9)}}}"
        if chance.random() < 0.2:
            word = chance.choice(sorted(self.words))
            self._fields[word] = "filename: bad.md"
            self.change(word)

    def declare(self) -> None:
        """Write the manifest."""
        lines = ["defaults: {purpose: assistants}", "limits: {max_delete: 100%}"]
        lines += [
            "vector_stores:",
            "  kb: {files: ['*'], attributes: {source: '{path}'}}",
            "files:",
        ]
        for word in sorted(self.words):
            more = f", {self._fields[word]}" if word in self._fields else ""
            lines.append(f"  {word}: {{path: d/{word}.md{more}}}")
        self._project.manifest("\n".join(lines) + "\n")


def watch(edits: int, folder: Path, seed: int = 1) -> Watched:
    """Apply so many edits under the eyes of a searcher."""
    root, home = folder / "project", folder / "home"
    root.mkdir()
    home.mkdir()
    with embedded(str(folder / "platform"), api_key=CANARY, settings=SETTINGS) as url:
        project = Project(root, home, url)
        documents, searcher = Documents(project, seed), Searcher(url, seed)
        documents.declare()
        project.run("apply", "-y", "--quiet")
        searcher.begin(project.lock["vector_stores"]["kb"]["id"])
        there = set(documents.words)
        try:
            for _ in range(edits):
                documents.edit()
                searcher.expect(there & documents.words)
                documents.declare()
                # 1 where a document does not index: its old version stays, and is to be found.
                project.run("apply", "-y", "--quiet", code=None)
                # Not one that is new and did not index, either.
                there = documents.words & project.lock["vector_stores"]["kb"]["files"].keys()
                searcher.expect(there)
        finally:
            searcher.end()
    return Watched(edits, searcher.looks, searcher.missed)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        result = watch(int(sys.argv[1]), Path(folder))
    print(f"{result.edits:,} edits, {result.looks:,} looks, {len(result.missed):,} misses")
    print("\n".join(result.missed[:10]))
