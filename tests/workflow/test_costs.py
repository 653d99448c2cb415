"""What a run costs, counted: requests, files opened, bytes hashed, saves. Nothing here is timed."""

from __future__ import annotations

import itertools
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from filesync.core.content import document
from filesync.core.content.findings import Verdict
from filesync.core.decide.change import Change, Kept
from filesync.core.decide.pipeline import Observed
from filesync.core.plan.document import document_of
from filesync.core.run import Run
from filesync.core.servers import ServerType
from filesync.core.stores import pipeline as store_pipeline
from filesync.execute import lock_saver
from filesync.execute.applier import ApplySettings
from filesync.local import hash_cache
from filesync.local.journal import Journal, journal_path
from filesync.workflow import plan as planning
from filesync.workflow.apply import apply_plan
from filesync.workflow.plan import make_plan
from filesync.workflow.workspace import Workspace

COUNT = 60

_listeners: list[Callable[[str, tuple[object, ...]], None]] = []


def _audit(event: str, told: tuple[object, ...]) -> None:
    for listener in _listeners:
        listener(event, told)


sys.addaudithook(_audit)  # there is no taking it away again, so it only passes on


@contextmanager
def audited(*events: str) -> Iterator[list[tuple[str, ...]]]:
    """Collect what the interpreter tells of these events while the block runs."""
    seen: list[tuple[str, ...]] = []

    def listen(event: str, told: tuple[object, ...]) -> None:
        if event in events:
            seen.append(tuple(one for one in told if isinstance(one, str)))

    _listeners.append(listen)
    try:
        yield seen
    finally:
        _listeners.remove(listen)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project of COUNT small files, with a hash cache that need not wait for a clock's tick."""
    monkeypatch.setattr(hash_cache, "_FINE_TICK_NS", 0)
    monkeypatch.setattr(hash_cache, "_COARSE_TICK_NS", 0)
    (tmp_path / "docs").mkdir()
    for i in range(COUNT):
        (tmp_path / "docs" / f"{i:03}.txt").write_text(f"text {i}\n")
    path = tmp_path / "filesync.yaml"
    path.write_text(
        "version: 1\nproject: counted\nremote: {base_url: 'emulator:.emulator'}\n"
        "files:\n  docs: {glob: docs/*.txt}\n"
    )
    return str(path)


@pytest.fixture
def requests(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What has been asked of the server since the last look, as `METHOD /path`."""
    caplog.set_level(logging.DEBUG, "filesync.http")

    def look() -> list[str]:
        messages = [
            record.getMessage() for record in caplog.records if record.name == "filesync.http"
        ]
        caplog.clear()
        return [message.split(":", 1)[0] for message in messages]

    return look


def test_a_plan_without_changes_asks_once_and_reads_no_file(
    manifest: str, requests: Callable[[], list[str]]
) -> None:
    apply_plan(make_plan(Run(manifest)))
    requests()
    hashed: list[int] = []
    with audited("open") as opened:
        made = make_plan(Run(manifest), on_hashed=hashed.append)
    assert not made.has_changes
    assert made.summary.noop == COUNT
    assert requests() == ["GET /files"]
    assert sum(hashed) == 0
    docs = os.path.join(os.path.dirname(manifest), "docs")
    assert [path for path, *_ in (one for one in opened if one) if path.startswith(docs)] == []


def test_a_plan_holds_texts_that_repeat_once(manifest: str) -> None:
    apply_plan(make_plan(Run(manifest)))
    made = make_plan(Run(manifest))
    assert len(made.rows) == COUNT
    purposes, statuses = set(), set()
    for row in made.rows:
        want, locked, live = row.desired, row.locked, row.remote
        assert want is not None
        assert locked is not None
        assert live is not None
        assert want.sha256 is locked.sha256
        assert want.filename is locked.filename
        assert want.path is want.key
        purposes |= {id(locked.purpose), id(live.purpose)}
        statuses.add(id(live.status))
    # The listing's, and two of the lockfile's, whose last line is read apart.
    assert len(purposes) <= 3
    assert len(statuses) == 1


def test_a_plan_lets_go_of_the_text_of_the_lockfile(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_plan(make_plan(Run(manifest)))
    seen: list[Workspace] = []
    observe = planning.observe

    def spy(space: Workspace, **options: Any) -> Observed:
        seen.append(space)
        return observe(space, **options)

    monkeypatch.setattr(planning, "observe", spy)
    made = make_plan(Run(manifest))
    assert made.inputs.lock_sha256
    assert [(one.lock_bytes, one.lock_sha256) for one in seen] == [(None, made.inputs.lock_sha256)]


def test_a_plan_without_changes_makes_no_row(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_plan(make_plan(Run(manifest)))
    made_rows: list[str] = []
    row = Kept.row

    def counted(one: Kept) -> Change:
        made_rows.append(one.key)
        found: Change = row.__get__(one)
        return found

    monkeypatch.setattr(Kept, "row", property(counted))
    made = make_plan(Run(manifest))
    assert document_of(made).summary.noop == COUNT
    assert (made.has_changes, made.has_drift) == (False, False)
    assert made_rows == []
    assert [one.key for one in made.rows] == sorted(f"docs/{i:03}.txt" for i in range(COUNT))


def test_only_what_changed_is_read(manifest: str) -> None:
    make_plan(Run(manifest))
    changed = os.path.join(os.path.dirname(manifest), "docs", "007.txt")
    with open(changed, "a") as file:
        file.write("more\n")
    hashed: list[int] = []
    make_plan(Run(manifest), on_hashed=hashed.append)
    assert hashed == [os.path.getsize(changed)]


def test_an_apply_makes_one_request_a_file(
    manifest: str, requests: Callable[[], list[str]]
) -> None:
    plan = make_plan(Run(manifest))
    requests()
    result = apply_plan(plan)
    assert len(result.applied) == COUNT
    assert requests() == ["POST /files"] * COUNT


def test_an_apply_saves_the_lock_seldom(manifest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock that moves a second each time it is looked at, so that a save takes one second.
    clock = itertools.count()
    monkeypatch.setattr(lock_saver, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    plan = make_plan(Run(manifest))
    with audited("os.rename") as renamed:
        apply_plan(plan)
    saves = [told for told in renamed if told[-1].endswith("filesync.lock")]
    # The first with nothing in it yet, the last, and a twentieth of the rest.
    assert 1 <= len(saves) <= 2 + COUNT // 12


def test_an_apply_syncs_its_journal_once_a_file_at_the_most(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sync = os.fdatasync

    def counted(fd: int) -> None:
        synced.append(fd)
        sync(fd)

    monkeypatch.setattr(os, "fdatasync", counted)
    plan = make_plan(Run(manifest))
    apply_plan(plan, settings=ApplySettings(concurrency=1))
    assert len(synced) == COUNT  # what begins needs no sync: nothing exists before `sent`


def test_an_apply_writes_to_its_journal_twice_a_file(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        if data.startswith(b'{"n": '):
            written.append(data.decode())
        return write(fd, data)

    plan = make_plan(Run(manifest))
    monkeypatch.setattr(os, "write", counted)
    apply_plan(plan)
    assert len(written) == 2 * COUNT
    # What is sent is written down before, with what it is: half of a line says nothing.
    assert sum('"begin"' in one and '"sent"' in one for one in written) == COUNT
    assert sum('"made"' in one for one in written) == COUNT


def test_lanes_that_write_while_the_disk_is_busy_share_one_sync(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = 8
    written = threading.Semaphore(0)
    synced: list[int] = []
    write = os.write

    def noted(fd: int, data: bytes) -> int:
        count = write(fd, data)
        written.release()
        return count

    def slow(fd: int) -> None:
        synced.append(fd)
        if len(synced) == 1:  # the disk is done with the first only when all others wait for it
            for _ in range(lanes):
                written.acquire()

    with Journal(manifest, journal_path(manifest, "counted", "http://127.0.0.1/v1")) as journal:
        monkeypatch.setattr(os, "write", noted)
        monkeypatch.setattr(os, "fdatasync", slow)
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(lambda number: journal.sent(number, 1), range(lanes)))
        monkeypatch.undo()
    assert len(synced) == 2


def test_a_plan_without_changes_looks_at_no_content_and_at_no_store(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_plan(make_plan(Run(manifest)))
    looked: list[str] = []
    of_name = document.of_name

    def counted(purpose: str, name: str, path: str, size: int, server: ServerType) -> Verdict:
        looked.append(path)
        return of_name(purpose, name, path, size, server)

    def never(*_: object) -> None:
        raise AssertionError("there are no stores")

    monkeypatch.setattr(document, "of_name", counted)
    monkeypatch.setattr(store_pipeline, "FileFate", never)
    make_plan(Run(manifest))
    assert looked == []
    changed = os.path.join(os.path.dirname(manifest), "docs", "007.txt")
    with open(changed, "a") as file:
        file.write("more\n")
    make_plan(Run(manifest))
    assert looked == ["docs/007.txt"]


def test_a_plan_of_known_files_loads_nothing_that_checks_content(manifest: str) -> None:
    apply_plan(make_plan(Run(manifest)))
    script = (
        "import sys; from filesync.core.run import Run;"
        " from filesync.workflow.plan import make_plan;"
        f" make_plan(Run({manifest!r}));"
        " print(*(one for one in sys.modules if one.startswith('filesync.')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(ran.stdout.split())
    assert "filesync.local.hashes" in loaded
    assert not loaded & {"filesync.local.hash_reader", "filesync.core.content.lines"}


def test_a_plan_calls_few_functions_for_each_file_that_is_unchanged(manifest: str) -> None:
    def calls_of_a_plan() -> int:
        apply_plan(make_plan(Run(manifest)))
        called = 0

        def count(frame: FrameType, event: str, _: object) -> None:
            nonlocal called
            # The emulator's are those of another program, and so are the listing's of a thread.
            of_us = f"{os.sep}filesync{os.sep}" in frame.f_code.co_filename
            called += event == "call" and of_us and "emulator" not in frame.f_code.co_filename

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            make_plan(Run(manifest))
        finally:
            sys.setprofile(before)
        return called

    few = calls_of_a_plan()
    for i in range(COUNT):
        with open(os.path.join(os.path.dirname(manifest), "docs", f"more-{i:03}.txt"), "w") as file:
            file.write(f"more {i}\n")
    assert (calls_of_a_plan() - few) / COUNT <= 29


def test_a_plan_reads_what_is_kept_of_its_files_by_one_query(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_plan(make_plan(Run(manifest)))
    asked: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **options)
        if str(args[0]).endswith("hashes.sqlite"):  # and not the emulator's
            db.set_trace_callback(asked.append)
        return db

    monkeypatch.setattr(sqlite3, "connect", traced)
    make_plan(Run(manifest))
    assert [text.split()[0] for text in asked] == ["PRAGMA", "SELECT"]


def test_a_plan_without_changes_loads_nothing_of_an_apply(manifest: str) -> None:
    apply_plan(make_plan(Run(manifest)))
    script = (
        "import atexit, gc, sys; from filesync.cli import main;"
        f" sys.argv = ['filesync', 'plan', '-m', {manifest!r}];"
        " atexit.register(lambda: print(gc.get_freeze_count(), *sys.modules, file=sys.stderr));"
        " main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    frozen, *loaded = ran.stderr.splitlines()[-1].split()
    unwanted = {
        "filesync.core.content.document",
        "filesync.core.events",
        "filesync.output.github",
        "filesync.output.plan_markdown",
        "filesync.output.progress",
        "filesync.remote.large_pages",
    }
    assert unwanted & set(loaded) == set()
    # What is frozen is not looked through for garbage while Python ends.
    assert int(frozen) > 10_000
