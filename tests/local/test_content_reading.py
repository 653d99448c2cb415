"""Content checked while it is read: in ranges, by processes, and never a second time."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from filesync.core.content.asked import Asked, ContentChecks
from filesync.core.content.findings import Verdict
from filesync.core.content.frame import Frame
from filesync.core.content.lines import LineChecker
from filesync.core.content.repeated import Keys
from filesync.core.content.whole import Whole
from filesync.core.model import Entry, Policy, ScannedFile
from filesync.local import hash_reader
from filesync.local.content import ranges, reading
from filesync.local.content.pool import Pool
from filesync.local.content.ranges import FileChanged, Range, check_range
from filesync.local.files import identity
from filesync.local.hash_cache import HashCache
from filesync.local.hashes import hash_files
from tests.core.content import builders

POLICY = Policy("fine-tune", None, 0, False, 0, "keep", False)


def scanned(path: Path, key: str = "a") -> ScannedFile:
    entry = Entry(key, path.name, None, (), False, None, POLICY, {})
    return ScannedFile(entry, key, path.name, str(path), *identity(path.stat()))


def verdict_on(path: Path, purpose: str = "fine-tune") -> Verdict:
    checks = ContentChecks(lambda file: Asked(purpose, file.path))
    hash_files([scanned(path)], HashCache(str(path) + ".sqlite"), checks=checks)
    return checks.verdicts["a"]


def lines_of(count: int) -> bytes:
    chance = random.Random(count)
    made = []
    for number in range(count):
        line = builders.chat(number)
        line["messages"][1]["content"] += "x" * chance.randrange(60)
        made.append(builders.text_of(line))
    made[count // 2] = b"[1]\n"
    made[count // 2 + 3] = b"\n"
    made[count - 1] = made[2]
    return b"".join(made)


@pytest.mark.parametrize("step", [1, 7, 100, 1000, 10**9])
def test_ranges_of_any_size_find_the_same(tmp_path: Path, step: int) -> None:
    path = tmp_path / "a.jsonl"
    data = lines_of(40)
    path.write_bytes(data)
    frame, whole = Frame("chat"), Whole("fine-tune", Frame("chat"))
    checker = LineChecker(frame)
    known = identity(path.stat())
    for start in range(0, len(data), step):
        job = Range(str(path), known, start, min(start + step, len(data)), frame)
        whole.add(check_range(job, checker))
    lines = data.split(b"\n")
    verdict = whole.verdict(lambda number: lines[number - 1])
    assert whole.lines == 40
    assert [(one.line, one.rule) for one in verdict.findings] == [
        (21, "not-an-object"),
        (24, "blank-line"),
        (40, "duplicate-example"),
    ]


@pytest.mark.parametrize("ending", [b"\n", b"", b'\n{"messages": "' + b"x" * 3000])
@pytest.mark.parametrize("block", [50, 500, 1500])
@pytest.mark.parametrize("step", [1, 100, 1000, 10**9])
def test_blocks_of_any_size_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, block: int, ending: bytes
) -> None:
    monkeypatch.setattr(ranges, "_BLOCK", block)
    monkeypatch.setattr(ranges, "_LINE", 60)
    monkeypatch.setattr(ranges, "_MORE", 70)
    path = tmp_path / "a.jsonl"
    data = b"\xef\xbb\xbf" + lines_of(12).removesuffix(b"\n") + ending
    path.write_bytes(data)
    frame, known = Frame("chat", server="openai"), identity(path.stat())
    whole, at_once = Whole("fine-tune", frame), Whole("fine-tune", frame)
    for start in range(0, len(data), step):
        whole.add(check_range(Range(str(path), known, start, min(start + step, len(data)), frame)))
    at_once.add(LineChecker(frame).check(data, first=True, last=True))
    lines = data.split(b"\n")
    assert whole.lines == at_once.lines == len(lines) - (not lines[-1])
    verdict = whole.verdict(lambda number: lines[number - 1])
    assert verdict == at_once.verdict(lambda number: lines[number - 1])
    assert {one.line for one in verdict.findings} >= {7, 10, 12}


def test_a_file_that_is_another_by_now_is_not_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    known = identity(path.stat())
    path.write_bytes(b"{}\n{}\n")
    with pytest.raises(FileChanged):
        check_range(Range(str(path), known, 0, 3, Frame("chat")))


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is shared out as for gigabytes, with little of it."""
    monkeypatch.setattr(reading, "_RANGE", 4096)
    monkeypatch.setattr(hash_reader, "POOL_FROM", 1)
    monkeypatch.setattr(hash_reader, "_cores", lambda: 2)


@pytest.mark.usefixtures("small_ranges")
def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines_of(2000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_reader, "POOL_FROM", 10**12)
        alone = verdict_on(path)
    (tmp_path / "a.jsonl.sqlite").unlink(missing_ok=True)
    assert verdict_on(path) == alone
    assert {one.line for one in alone.findings} >= {1001, 1004, 2000}


@pytest.mark.usefixtures("small_ranges")
def test_custom_ids_are_compared_across_processes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    made = [builders.request(number) for number in range(500)]
    made[498] = builders.request(3)
    path.write_bytes(builders.text_of(*made))
    (one,) = verdict_on(path, "batch").findings
    assert (one.line, one.rule) == (499, "duplicate-custom-id")
    assert "line 4" in one.message


def test_without_processes_all_is_checked_right_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/usr/bin/embedding-app")
    with Pool(2) as pool:
        assert not pool.start()


def test_a_line_that_is_too_long_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "MAX_LINE", 10_000)
    monkeypatch.setattr(ranges, "_MORE", 1000)
    path = tmp_path / "a.jsonl"
    good = builders.text_of(*(builders.chat(number) for number in range(12)))
    data = good + b'{"messages": "' + b"x" * 30_000 + b'"}\n' + builders.text_of(builders.chat(99))
    path.write_bytes(data)
    known = identity(path.stat())
    whole = Whole("fine-tune", Frame("chat"))
    for start in range(0, len(data), 5000):
        job = Range(str(path), known, start, min(start + 5000, len(data)), Frame("chat"))
        whole.add(check_range(job))
    verdict = whole.verdict(lambda _number: b"")
    assert [(one.line, one.rule) for one in verdict.findings] == [(13, "line-too-long")]
    assert whole.lines == 14


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines_of(40))
    cache = str(tmp_path / "hashes.sqlite")
    read: list[int] = []

    def check() -> Verdict:
        checks = ContentChecks(lambda file: Asked("fine-tune", file.path))
        later = time.time_ns() + 10**11  # what changed a moment ago is not trusted
        hash_files(
            [scanned(path)],
            HashCache(cache),
            checks=checks,
            on_bytes=read.append,
            now_ns=lambda: later,
        )
        return checks.verdicts["a"]

    first = check()
    assert sum(read) == path.stat().st_size
    assert check() == first
    assert sum(read) == path.stat().st_size
    # Another purpose is another question.
    checks = ContentChecks(lambda file: Asked("batch", file.path))
    hash_files([scanned(path)], HashCache(cache), checks=checks, on_bytes=read.append)
    assert sum(read) == 2 * path.stat().st_size


def test_equal_keys_are_found_among_millions() -> None:
    from array import array

    chance = random.Random(1)
    keys = array("q", (chance.getrandbits(63) + 1 for _ in range(600_000)))
    keys[500_000], keys[599_999], keys[7] = keys[5], keys[6], 0
    keys[8] = 0
    added = Keys()
    for part in (keys[:100_000], keys[100_000:]):
        added.add(part.tobytes())
    count, found = added.repeated()
    assert count == 2
    assert [tuple(one) for one in found] == [(500_001, 6), (600_000, 7)]
