"""`make bench`: how fast filesync is, as ratios to its peers on the same files and server.

Every row of the table is one function below. Absolute times say more about a machine than about
a program, so each side of a ratio is measured in the same run, in turn, on the same files and
against the same kind of server (sink.py). `--only ROW --scale 0.1` for a quick look: the
targets are for scale 1, and small runs miss those where starting up then weighs more.
"""

# ruff: noqa: RUF001 - the table uses the sign for "times"

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from filesync.core.shard import number_of
from tests.bench.history import History
from tests.bench.tools import (
    FILESYNC,
    GIB,
    HERE,
    KIB,
    MIB,
    PEERS,
    Ran,
    Stats,
    best,
    emulator,
    project,
    run,
    sink,
    write_chats,
    write_large,
    write_lock,
    write_small,
)
from tests.storage.bucket import Large, serving_bucket

LANES = 8  # filesync's default concurrency
PER_CONNECTION = 40_000_000  # bytes a second


class Line(NamedTuple):
    """One line of the table: what was done, the target, what came out, and whether that is it.

    `figure` is what the target bounds, a ratio if there is one; history.csv keeps it.
    """

    what: str
    target: str
    result: str
    met: bool
    figure: float


class Bench(NamedTuple):
    """Where the rows put their files, and by how much they are smaller than they should be."""

    folder: Path
    scale: float

    def scaled(self, count: int) -> int:
        """Return a count or a size at this scale."""
        return max(1, round(count * self.scale))


def no_op(bench: Bench) -> Iterator[Line]:
    """A plan where nothing changed."""
    few, many = bench.scaled(10_000), bench.scaled(100_000)
    floor, first, git = _no_op(bench, few, 7)
    ratio = first.seconds / floor.seconds
    yield Line(
        f"no-op plan, {few:,} files of 1 KiB, {few:,} remote",
        "≤ 2 × start, imports and one listing parsed by json",
        f"{ratio:.1f} × ({first.seconds:.2f} of {floor.seconds:.2f} s);"
        f" `git status` {git.seconds:.2f} s",
        ratio <= 2,
        ratio,
    )
    floor, second, git = _no_op(bench, many, 3)
    ratio = second.seconds / floor.seconds
    yield Line(
        f"no-op plan, {many:,} files of 1 KiB, {many:,} remote",
        "≤ 2 × the same, ≤ 250 MiB",
        f"{ratio:.1f} × ({second.seconds:.2f} s), {second.rss_mib:.0f} MiB;"
        f" `git status` {git.seconds:.2f} s",
        ratio <= 2 and second.rss_mib <= 250,
        ratio,
    )
    floor, five, _ = _no_op(bench, 5, 7)
    ratio = five.seconds / floor.seconds
    yield Line(
        "no-op plan, five files",
        "≤ 1.5 × the same",
        f"{ratio:.1f} × ({five.seconds:.2f} of {floor.seconds:.2f} s)",
        ratio <= 1.5,
        ratio,
    )


def _no_op(bench: Bench, count: int, times: int) -> list[Ran]:
    """Return the floor of a plan, a plan, and `git status` on the same files."""
    with sink(list=count) as server:
        made = project(bench.folder / f"noop{count}", server.base_url)
        write_small(made.folder, count, KIB)
        write_lock(made.folder, server.base_url, count, KIB)
        made.filesync("plan", "--detailed-exitcode")  # hashes all, and fails if it changes any
        run(["git", "init", "--quiet"], cwd=made.folder)
        run(["git", "add", "--all"], cwd=made.folder)
        author = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        run(["git", *author, "commit", "--quiet", "--message=all"], cwd=made.folder)
        return best(
            times,
            lambda: run([*PEERS, "listing", server.base_url], cwd=bench.folder),
            lambda: made.filesync("plan", "--detailed-exitcode"),
            lambda: run(["git", "status", "--short"], cwd=made.folder),
        )


def cold_plan(bench: Bench) -> Iterator[Line]:
    """The first plan, which hashes everything."""
    sizes = [bench.scaled(64 * MIB)] * 64
    with sink() as server:
        made = project(bench.folder / "cold", server.base_url)
        write_large(made.folder, sizes)
        command = "ls data/* | xargs -P2 -n4 openssl dgst -sha256"

        def ours() -> Ran:
            made.forget()
            return made.filesync("plan", "--quiet")

        peer, mine = best(4, lambda: run(["sh", "-c", command], cwd=made.folder), ours)
    share = peer.seconds / mine.seconds
    yield Line(
        f"first plan, cold cache, {_size(sum(sizes))} in 64 files, whole process",
        "≥ 85% of the rate of `xargs -P2 -n4 openssl dgst -sha256`",
        f"{share:.0%} ({_rate(sum(sizes), mine.seconds)} of {_rate(sum(sizes), peer.seconds)})",
        share >= 0.85,
        share,
    )


def one_file(bench: Bench) -> Iterator[Line]:
    """One large file with nothing in the way."""
    size = bench.scaled(2 * GIB)
    with sink() as server:
        made = project(bench.folder / "one", server.base_url)
        path = str(write_large(made.folder, [size])[0])

        def ours() -> Ran:
            made.forget()
            return made.filesync("apply", "--yes", "--quiet")

        md5, mine = best(4, lambda: run(["openssl", "dgst", "-md5", path], cwd=bench.folder), ours)
    to_md5 = mine.seconds / md5.seconds
    yield Line(
        f"one {_size(size)} file, loopback, whole process, sha256 and md5 included",
        "≤ 1.3 × `openssl dgst -md5`, ≤ 100 MiB",
        f"{to_md5:.2f} × ({mine.seconds:.2f} s), {mine.rss_mib:.0f} MiB",
        to_md5 <= 1.3 and mine.rss_mib <= 100,
        to_md5,
    )


def far_away(bench: Bench) -> Iterator[Line]:
    """One large file to a server that is far away."""
    size = bench.scaled(GIB)
    with sink(latency=0.05, bandwidth=PER_CONNECTION) as server:
        made = project(bench.folder / "far", server.base_url)
        path = str(write_large(made.folder, [size])[0])
        server.stats()
        mine = made.filesync("apply", "--yes", "--quiet")
        sent = server.stats()
        run([*PEERS, "chunked", server.base_url, path], cwd=bench.folder)
        helper = server.stats()
    share = size / sent.write_seconds / (LANES * PER_CONNECTION)
    yield Line(
        f"one {_size(size)} file, 50 ms latency, 40 MB/s a connection, {LANES} of them",
        f"≥ 85% of {LANES} × 40 MB/s from the first request to the last",
        f"{share:.0%}; the official helper {size / helper.write_seconds / PER_CONNECTION:.2f} × 40"
        f" MB/s; whole process {size / mine.seconds / (LANES * PER_CONNECTION):.0%}",
        share >= 0.85,
        share,
    )


def many_small(bench: Bench) -> Iterator[Line]:
    """Many small files to a server that is far away."""
    count, lanes, latency = bench.scaled(2000), 16, 0.1
    with sink(latency=latency) as server:
        made = project(bench.folder / "small", server.base_url)
        write_small(made.folder, count, 4 * KIB)
        server.stats()
        mine = made.filesync("apply", "--yes", "--quiet", "--concurrency", str(lanes))
        sent = server.stats()
    ideal = count * latency / lanes
    share = ideal / sent.write_seconds
    yield Line(
        f"{count:,} × 4 KiB files, 100 ms latency, concurrency {lanes}",
        "≥ 90% of 16 / 0.1 s from the first upload to the last",
        f"{share:.0%}; whole process {ideal / mine.seconds:.0%}",
        share >= 0.9,
        share,
    )


def small_creates(bench: Bench) -> Iterator[Line]:
    """Many small files to a server without any distance, where only our own work counts."""
    count = bench.scaled(2000)
    rates = []
    for lanes in (8, 32):
        inner, mine = _creates(bench, count, lanes)
        rates.append(count / inner)
        slower = lanes == 32 and rates[1] < 0.95 * rates[0]
        yield Line(
            f"{count:,} × 4 KiB files, loopback, concurrency {lanes}",
            "≥ 1,000 a second from the first upload to the last; 32 no slower than 8",
            f"{count / inner:.0f} a second; whole process {count / mine.seconds:.0f};"
            f" {mine.cpu / count * 1000:.2f} ms of processor time each",
            count / inner >= 1000 and not slower,
            count / inner,
        )


def grows(bench: Bench) -> Iterator[Line]:
    """What a file costs where there are many more of them."""
    few, many = bench.scaled(2000), bench.scaled(16_000)
    # Of the processor, so that a busy minute does not pass for a cost that grows; and without
    # what starting up takes, which would hide one.
    start = _creates(bench, 1, LANES)[1].cpu
    small, large = ((_creates(bench, n, LANES)[1].cpu - start) / n for n in (few, many))
    yield Line(
        f"processor time a file, {many:,} files / {few:,}, whole process less start-up",
        "≤ 1.15 ×",
        f"{large / small:.2f} × ({large * 1000:.2f} of {small * 1000:.2f} ms)",
        large / small <= 1.15,
        large / small,
    )


def _creates(bench: Bench, count: int, lanes: int) -> tuple[float, Ran]:
    """Return the seconds from the first upload to the last, and the whole process."""
    with sink() as server:
        made = project(bench.folder / f"creates{count}-{lanes}", server.base_url)
        write_small(made.folder, count, 4 * KIB)
        server.stats()
        mine = made.filesync("apply", "--yes", "--quiet", "--concurrency", str(lanes))
        return server.stats().write_seconds, mine


def emulated(bench: Bench) -> Iterator[Line]:
    """The emulator, by a client that does next to nothing."""
    count, parts, size = bench.scaled(2000), bench.scaled(40), 32 * MIB
    with emulator(bench.folder / "creates") as server:
        sent = run([*PEERS, "creates", server.base_url, str(count)], cwd=bench.folder)
    yield Line(
        f"emulator: {count:,} creates of 4 KiB over one connection",
        "≥ 2,000 a second",
        f"{count / sent.seconds:.0f} a second; {server.cpu / count * 1000:.2f} ms of its processor"
        " time each",
        count / sent.seconds >= 2000,
        count / sent.seconds,
    )
    with emulator(bench.folder / "parts") as server:
        sent = run([*PEERS, "parts", server.base_url, str(parts), str(size)], cwd=bench.folder)
    rate = parts * size / sent.seconds / 1e9
    yield Line(
        f"emulator: {parts} parts of 32 MiB over one connection",
        "≥ 1 GB/s",
        f"{rate:.2f} GB/s; {parts * size / server.cpu / 1e9:.2f} GB a second of its processor time",
        rate >= 1,
        rate,
    )


def paced(bench: Bench) -> Iterator[Line]:
    """A server that counts requests."""
    count, burst = bench.scaled(1000), 60
    seconds, ideal, refused = _up_to_limit(bench, count, 1000, burst)
    ratio = seconds / ideal
    yield Line(
        f"{count:,} files to a server that allows 1,000 requests a minute (burst {burst})",
        "≤ 1.05 × ideal, ≤ 1% answered 429",
        f"{ratio:.3f} × ({seconds:.1f} s), {refused:.1%}",
        ratio <= 1.05 and refused <= 0.01,
        ratio,
    )


def shared_limit(bench: Bench) -> Iterator[Line]:
    """Servers that refuse requests for others' sake, or above a limit that nobody has told us."""
    count, per_minute, lower, burst = bench.scaled(1000), 1000, 400, 60
    with sink(refuse=0.1) as server:
        made = project(bench.folder / "refused", server.base_url, per_minute=per_minute)
        write_small(made.folder, count, KIB)
        mine = made.filesync("apply", "--yes", "--quiet")
    rate = count * 60 / mine.seconds / per_minute
    yield Line(
        f"{count:,} files, 1,000 requests a minute, 10% of them refused at random",
        "≥ 0.8 of that rate",
        f"{rate:.2f} ({mine.seconds:.1f} s)",
        rate >= 0.8,
        rate,
    )
    seconds, ideal, refused = _up_to_limit(bench, count, lower, burst)
    share = ideal / seconds
    yield Line(
        f"{count:,} files to a server that allows {lower}, and was said to allow 1,000",
        "≥ 0.95 of its rate, ≤ 5% answered 429",
        f"{share:.2f} ({seconds:.1f} s), {refused:.1%}",
        share >= 0.95 and refused <= 0.05,
        share,
    )


def _up_to_limit(bench: Bench, count: int, limit: int, burst: int) -> tuple[float, float, float]:
    """Apply small files, at 1,000 requests a minute, to a server that allows `limit`.

    Returns the seconds it took, those that the limit asks for, and the share answered 429.
    """
    with sink(per_minute=limit, burst=burst) as server:
        made = project(bench.folder / f"limit-{limit}", server.base_url, per_minute=1000)
        write_small(made.folder, count, KIB)
        server.stats()
        mine = made.filesync("apply", "--yes", "--quiet")
        sent = server.stats()
    ideal = max((sent.requests - sent.refused - burst) * 60 / limit, 0.001)
    return mine.seconds, ideal, sent.refused / sent.requests


def mixed(bench: Bench) -> Iterator[Line]:
    """Files of all sizes, as many of each order of magnitude."""
    sizes = [bench.scaled(int(KIB * 2 ** (20 * i / 99))) for i in range(100)]
    with sink(latency=0.05, bandwidth=PER_CONNECTION) as server:
        made = project(bench.folder / "mixed", server.base_url)
        write_large(made.folder, sizes)
        server.stats()
        mine = made.filesync("apply", "--yes", "--quiet")
        sent = server.stats()
    # The longest file goes in parts over all connections, so it is no longer than its share.
    bound = sum(sizes) / (LANES * PER_CONNECTION)
    ratio = sent.write_seconds / bound
    # As many as there are lanes start at the same moment, and arrive in any order.
    place = _place_of_largest(sent)
    yield Line(
        f"100 files of 1 KiB to {_size(max(sizes))} ({_size(sum(sizes))}), 50 ms latency, "
        "40 MB/s a connection",
        "the largest starts first; ≤ 1.15 × the lower bound from the first request to the last",
        f"the largest is no. {place} of the {LANES} that start at once; {ratio:.2f} ×;"
        f" whole process {mine.seconds / bound:.2f} ×",
        ratio <= 1.15 and place <= LANES,
        ratio,
    )


def command_line(bench: Bench) -> Iterator[Line]:
    """Commands that do next to nothing."""
    made = project(bench.folder / "cli", "http://127.0.0.1:9/v1")
    times = max(5, bench.scaled(25))

    def floor() -> Ran:
        return run([sys.executable, "-c", "import click"], cwd=made.folder)

    def ours(words: list[str]) -> Callable[[], Ran]:
        return lambda: made.filesync(*words)

    for count in (100, bench.scaled(10_000), bench.scaled(100_000)):
        write_lock(made.folder, "http://127.0.0.1:9/v1", count, KIB)
        last = f"data/{(count - 1) // 100:04}/f{count - 1:07}.txt"
        sides = [] if count > 100 else [ours(["--help"])]
        click, *mine = _medians(times, floor, *sides, ours(["id", last]))
        what = f"`filesync id KEY`, {count:,} files in the lockfile"
        names = [what] if count > 100 else ["`filesync --help`", what]
        for name, seconds in zip(names, mine, strict=True):
            yield Line(
                name,
                '≤ 2.5 × `python -c "import click"`',
                f"{seconds / click:.2f} × ({seconds * 1000:.0f} ms)",
                seconds / click <= 2.5,
                seconds / click,
            )


def lockfile(bench: Bench) -> Iterator[Line]:
    """A large lockfile."""
    count = bench.scaled(100_000)
    folder = bench.folder / "lock"
    folder.mkdir()
    write_lock(folder, "http://127.0.0.1:9/v1", count, KIB)
    rounds = [
        [
            float(word)
            for word in run([*PEERS, "lockfile", "filesync.lock"], cwd=folder).output.split()
        ]
        for _ in range(5)
    ]
    load, save = min(rounds, key=sum)
    yield Line(
        f"lockfile with {count:,} entries: load + save",
        "≤ 1.5 s",
        f"{load + save:.2f} s ({load:.2f} + {save:.2f})",
        load + save <= 1.5,
        load + save,
    )


def memory(bench: Bench) -> Iterator[Line]:
    """The largest file there may be."""
    size = bench.scaled(8_000_000_000)
    with sink() as server:
        made = project(bench.folder / "memory", server.base_url)
        write_large(made.folder, [size])
        mine = made.filesync("apply", "--yes", "--quiet")
    yield Line(
        f"{_size(size)} in parts",
        "≤ 100 MiB",
        f"{mine.rss_mib:.0f} MiB ({_rate(size, mine.seconds)})",
        mine.rss_mib <= 100,
        mine.rss_mib,
    )


def validate(bench: Bench) -> Iterator[Line]:
    """Every line of a large training file, checked while it is hashed.

    Held against `json.loads` in one process, and half the time of two that parse it by msgspec.
    """
    size = bench.scaled(2 * GIB)
    made = project(bench.folder / "validate", "http://127.0.0.1:9/v1")
    write_chats(made.folder, size)
    manifest = made.folder / "filesync.yaml"
    entry = "{path: data/chats.jsonl, purpose: fine-tune}"
    manifest.write_text(manifest.read_text().replace("{glob: 'data/**/*.txt'}", entry))
    path = "data/chats.jsonl"

    def ours() -> Ran:
        made.forget()
        return made.filesync("validate", "--quiet")

    def parsed(library: str) -> Ran:
        return run([*PEERS, "parse", path, library], cwd=made.folder)

    rounds, rss = [], 0.0
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            began = perf_counter()
            twice = list(pool.map(parsed, ["msgspec"] * 2))
            bare = (perf_counter() - began) / 2
        plain, mine = parsed("json"), ours()
        rss = max(rss, mine.rss_mib)
        rounds.append(
            (
                (bare, plain.seconds, mine.seconds),
                (sum(ran.cpu for ran in twice) / 2, plain.cpu, mine.cpu),
            )
        )
    (fast, slow, whole), (fast_cpu, slow_cpu, whole_cpu) = (
        map(statistics.median, zip(*measured, strict=True))
        for measured in zip(*rounds, strict=True)
    )
    ratio, times = fast / whole, slow / whole
    yield Line(
        f"`validate` of {_size(size)} of chats, whole process",
        "≥ 0.7 × a bare msgspec loop on two cores, ≥ 4 × a `json.loads` loop, ≤ 200 MiB",
        f"{ratio:.2f} ×, {times:.1f} × ({_rate(size, whole)}; of processor time, shared by two "
        f"cores, {fast_cpu / whole_cpu:.2f} × and {2 * slow_cpu / whole_cpu:.1f} ×), {rss:.0f} MiB",
        ratio >= 0.7 and times >= 4 and rss <= 200,
        ratio,
    )


def from_bucket(bench: Bench) -> Iterator[Line]:
    """A large object, read from a bucket and sent, with nothing of it on disk.

    The bucket is our own (tests/storage/bucket.py): moto holds its objects in memory.
    """
    size = bench.scaled(4 * GIB)
    with sink() as server, serving_bucket() as bucket:
        made = project(bench.folder / "bucket", server.base_url)
        bucket.objects["big.bin"] = Large(size)
        manifest = made.folder / "filesync.yaml"
        head, _, _ = manifest.read_text().partition("files:")
        source = "{path: 's3://data/big.bin', validate: false}"
        manifest.write_text(f"{head}files: {{big: {source}}}\n")
        env = {**bucket.env, "TMPDIR": str(bench.folder)}
        mine = made.filesync("apply", "--yes", "--quiet", env=env)
        received = server.stats().received
    written = sum(path.stat().st_size for path in bench.folder.rglob("*") if path.is_file())
    yield Line(
        f"{_size(size)} from a bucket, hashed and sent",
        "≤ 150 MiB, no file",
        f"{mine.rss_mib:.0f} MiB ({_rate(size, mine.seconds)}), {written / KIB:.0f} KiB on disk",
        mine.rss_mib <= 150 and written < MIB and received >= size,
        mine.rss_mib,
    )


def shards(bench: Bench) -> Iterator[Line]:
    """Four runs that share the uploads, where each connection carries only so much."""
    count, of, carried = bench.scaled(256), 4, 2_000_000
    with sink(latency=0.05, bandwidth=carried) as server:
        made = project(bench.folder / "shards", server.base_url)
        write_large(made.folder, [MIB] * count)
        made.filesync("plan", "--quiet")  # the hashes are kept: this is about sending
        server.stats()
        one = made.filesync("apply", "--yes", "--quiet")
        sent_by_one = server.stats().write_seconds
        (made.folder / "filesync.lock").unlink()

        def shard(number: int) -> Ran:
            return made.filesync("apply", "--yes", "--quiet", "--shard", f"{number}/{of}")

        began = perf_counter()
        with ThreadPoolExecutor(of) as pool:
            list(pool.map(shard, range(1, of + 1)))
        sent = server.stats()
        made.filesync("lock", "merge", "--yes", "--quiet")
        whole = perf_counter() - began
    keys = [f"data/f{i:07}.txt" for i in range(count)]
    largest = max(Counter(number_of(key, of) for key in keys).values())
    quicker = sent_by_one / sent.write_seconds
    yield Line(
        f"{count:,} × 1 MiB files, 50 ms latency, 2 MB/s a connection: {of} shards / one apply",
        "≥ 3 × from the first upload to the last",
        f"{quicker:.2f} × ({sent_by_one:.1f} / {sent.write_seconds:.1f} s; the largest share "
        f"allows {count / largest:.2f} ×); whole processes and merge {one.seconds / whole:.2f} ×",
        quicker >= 3,
        quicker,
    )


ROWS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "no-op": no_op,
    "cold-plan": cold_plan,
    "one-file": one_file,
    "far-away": far_away,
    "many-small": many_small,
    "small-creates": small_creates,
    "grows": grows,
    "emulator": emulated,
    "paced": paced,
    "shared-limit": shared_limit,
    "mixed": mixed,
    "command-line": command_line,
    "lockfile": lockfile,
    "memory": memory,
    "validate": validate,
    "bucket": from_bucket,
    "shards": shards,
}


def _medians(times: int, *sides: Callable[[], Ran]) -> list[float]:
    """Run the sides in turn; return the median seconds of each: for times of milliseconds."""
    rounds = [[side().seconds for side in sides] for _ in range(times)]
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


def _place_of_largest(stats: Stats) -> int:
    """Return how many files began up to and with the largest."""
    sizes = [size for _, size in stats.began]
    return sizes.index(max(sizes)) + 1


def _size(count: int) -> str:
    return f"{count / GIB:.3g} GiB" if count >= GIB else f"{count / MIB:.3g} MiB"


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds / 1e9:.2f} GB/s"


def main() -> None:
    """Run the rows asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=ROWS, action="append", help="This row; may be repeated.")
    parser.add_argument("--scale", type=float, default=1.0, help="Files and sizes, times this.")
    parser.add_argument(
        "--folder", help="Where the data goes and vanishes again; it needs no room."
    )
    options = parser.parse_args()
    history = History(HERE / "history.csv")
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    scale = "" if options.scale == 1 else f", at scale {options.scale:g}"
    print(
        f"{day}, {os.cpu_count()} CPUs ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}{scale}\n"
    )
    print("| What | Target | Result | |\n|---|---|---|---|", flush=True)
    run([FILESYNC, "--version"], cwd=Path())  # compiles what was just edited
    missed = 0
    for name in options.only or ROWS:
        with tempfile.TemporaryDirectory(prefix="filesync-bench-", dir=options.folder) as folder:
            for line in _lines(name, Bench(Path(folder), options.scale)):
                missed += not line.met
                if options.scale == 1:
                    history.append(line.what, line.figure)
                print(
                    f"| {line.what} | {line.target} | {line.result} | {_word(line)} |", flush=True
                )
    print(f"\n{missed} missed" if missed else "\nall met")


def _lines(name: str, bench: Bench) -> Iterator[Line]:
    """Yield a row's lines; one that fails is a line too, and the rest of the table follows."""
    try:
        yield from ROWS[name](bench)
    except (RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        yield Line(name, "", "it failed; see above", False, math.nan)


def _word(line: Line) -> str:
    return "met" if line.met else "**missed**"


if __name__ == "__main__":
    main()
