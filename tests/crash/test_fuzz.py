"""10,000 inputs that are wrong: an error of ours each time, and the lockfile as it was."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from filesync.core import parts
from filesync.core.decide.guards import Overrides
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import Lockfile
from filesync.core.manifest import parse as manifests
from filesync.core.recovery.journal import History, read_history
from filesync.core.recovery.recover import recover, take_in
from filesync.core.run import Run
from filesync.errors import FilesyncError, ManifestError
from filesync.execute import doubts
from filesync.local.journal import journal_path
from filesync.remote.timing import ClientSettings
from filesync.workflow.apply import apply_plan
from filesync.workflow.plan import make_plan

SEED = 1009
URL = "http://127.0.0.1:9/v1"
MANIFEST = f"""\
version: 1
project: fuzz
remote: {{base_url: "{URL}", requests_per_minute: 60000000}}
defaults: {{purpose: user_data, expires_after: never}}
limits: {{max_delete: 30%}}
prune: {{unmanaged: true, purposes: [user_data], match: "kb-*"}}
files:
  train: {{path: data/train.jsonl, purpose: fine-tune, expires_after: 14d, renew_before: 2d}}
  handbook:
    glob: docs/**/*.md
    exclude: ["docs/drafts/**"]
    retain: 7d
    in_use: keep
    fingerprint: true
  other: {{path: data/other.txt, filename: o.txt, protect: false}}
""".encode()
TARGETS = b"""\
version: 1
project: ${PROJECT:-fuzz}
remote:
  base_url: ${URL}
  requests_per_minute: ${RPM:-60}
environments:
  staging: {project: fuzz-staging, base_url: "http://127.0.0.1:9/v2", prefix: "staging-"}
  prod:
    project: fuzz-${NAME}
    defaults: {expires_after: 7d, renew_before: 2d, purpose: "${PURPOSE:-evals}"}
files:
  train: {path: "data/${NAME}.jsonl", expires_after: 14d, filename: "$${x}.jsonl"}
"""
VARIABLES = {"URL": URL, "NAME": "x", "EMPTY": "", "RPM": "5", "A": "\x1b[31m", "B": "\udcff"}
TOKENS = [
    b"", b" ", b"\n", b"\t", b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"null",
    b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 400, b"[]", b"{}", b"[" * 2000,
    b"{\"a\":" * 2000,
    b"&a", b"*a", b"<<: *a", b"!!python/object:os.system", b"? ", b"- ", b"|", b">", b"'", b'"',
    b"#", b":", b"---\n", b"%YAML", b"../..", b"/etc/passwd", b"\xe2\x80\xae", b"\x1b[31m", b"~",
    b"2026-01-01", b"1:30", b"0x10", b"1_000", b".inf", b"never", b"99999d", b"30d", b"**", b"[a-",
    b"${", b"${A}", b"${B}", b"${RPM}", b"${EMPTY}", b"${NONE}", b"${NONE:-", b"}", b"$${",
    b"environments", b"project", b"prefix",
]  # fmt: skip


def mutate(rng: random.Random, text: bytes) -> bytes:
    """Change a text a little or much."""
    out = bytearray(text)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, to = sorted((rng.randint(0, len(out)), rng.randint(0, len(out))))
        match rng.randrange(7):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                out[at:at] = rng.choice(TOKENS)
            case 2:
                del out[at : min(to, at + 30)]
            case 3:
                del out[at:]
            case 4:
                out[at:at] = out[at : min(to, at + 60)]
            case 5:
                out[at : min(to, at + 12)] = rng.choice(TOKENS)
            case 6:
                # A value, which is where the checks are.
                colon = out.find(b":", at)
                end = min(
                    (one for one in (out.find(b",", colon), out.find(b"\n", colon)) if one > 0),
                    default=len(out),
                )
                if colon >= 0:
                    out[colon + 1 : end] = b" " + rng.choice(TOKENS)
    return bytes(out)


def only_ours(work: Callable[[], object], told: str) -> bool:
    """Say whether it went well; an error that is not ours fails the test."""
    found = None
    try:
        work()
    except FilesyncError as error:
        found = error
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__} escaped: {told}") from error
    if found is None:
        return True
    assert found.message, told
    assert "\x1b" not in str(found), told
    return False


def tally(what: str, well: list[bool]) -> None:
    print(f"\n{what}: {len(well)} of which {sum(well)} were taken")


def test_manifests() -> None:
    rng = random.Random(SEED)
    well = []
    for n in range(3500):
        whole, env = rng.choice(((MANIFEST, None), (TARGETS, None), (TARGETS, "prod")))
        text = mutate(rng, whole)

        def work(text: bytes = text, env: str | None = env) -> None:
            _, problems = manifests.parse_manifest(text, "filesync.yaml", env, VARIABLES)
            if problems:
                raise ManifestError("filesync.yaml", problems)

        well.append(only_ours(work, f"seed {SEED}, {n}: {text!r}"))
    tally("manifests", well)


def a_lock(rng: random.Random) -> Lockfile:
    entry = {
        "path": "p", "sha256": "0" * 64, "bytes": 3, "filename": "n", "purpose": "user_data",
        "expires_after": None, "created_at": 1, "expires_at": None,
    }  # fmt: skip
    files = {f"k{n}": {"id": f"file-{n}", **entry} for n in range(3)}
    text = {
        "version": 1, "project": "fuzz", "base_url": URL, "files": files,
        "retired": [{"id": "file-9", "key": "k1", "delete_after": 5}],
    }  # fmt: skip
    return lock_format.parse_lockfile(json.dumps(text).encode(), "filesync.lock")


def test_lockfiles() -> None:
    rng = random.Random(SEED + 1)
    well = []
    whole = lock_format.dump_lockfile(a_lock(rng))
    for n in range(3000):
        text = mutate(rng, whole)

        def work(text: bytes = text) -> None:
            again = lock_format.parse_lockfile(text, "filesync.lock")
            assert (
                lock_format.parse_lockfile(lock_format.dump_lockfile(again), "filesync.lock")
                == again
            )

        well.append(only_ours(work, f"seed {SEED + 1}, {n}: {text!r}"))
    tally("lockfiles", well)


def journal_text() -> bytes:
    begin = {
        "begin": "train", "sha256": "0" * 64, "bytes": 3, "filename": "train.jsonl",
        "purpose": "fine-tune", "expires_after": None, "at": 5,
    }  # fmt: skip
    records: list[dict[str, Any]] = [
        {"n": 1, **begin},
        {"n": 1, "sent": 6},
        {"n": 1, "sent": True, "at": 6},
        {"n": 1, "made": "file-1"},
        {"n": 2, **begin},
        {"n": 2, "session": "upload_1", "part_bytes": 1, "at": 7},
        {"n": 2, "part": 0, "id": "part_1"},
        {"n": 2, "sent": 8},
        {"n": 3, **begin, "begin": "k1"},
        {"n": 3, "sent": 9},
        {"deleted": "file-7", "at": 9},
        {"n": 3, "end": True},
    ]
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_journals() -> None:
    """Whatever it holds, it is read, and what is recovered from it makes a sound lock."""
    rng = random.Random(SEED + 2)
    whole = journal_text()
    for n in range(1500):
        text = mutate(rng, whole).replace(b"1e999", b"1e9")  # that one is tested below

        def work(text: bytes = text) -> None:
            history: History = read_history(text)
            lock = a_lock(rng)
            found = recover(history, lock, {}, 10)
            take_in(lock, found, 10, lambda _key: 0)
            lock_format.parse_lockfile(lock_format.dump_lockfile(lock), "filesync.lock")

        assert only_ours(work, f"seed {SEED + 2}, {n}: {text!r}")


def test_a_journal_with_an_endless_number() -> None:
    assert read_history(journal_text().replace(b'"at": 7', b'"at": 1e999')).last_number == 3


@pytest.mark.parametrize("size", [b"0", b"-1"])
def test_a_journal_with_parts_of_no_size(size: bytes) -> None:
    text = journal_text().replace(b'"part_bytes": 1', b'"part_bytes": ' + size)
    for one in read_history(text).attempts.values():
        if one.upload_id is not None:
            assert parts.ranges(one.bytes, one.part_bytes)


ANSWERS: dict[str, Any] = {
    "files": {
        "object": "list",
        "data": [
            {
                "id": f"file-{n}", "object": "file", "bytes": 3, "created_at": 1,
                "expires_at": None, "filename": f"kb-{n}.txt", "purpose": "user_data",
                "status": "processed",
            }
            for n in range(4)
        ],
        "first_id": "file-0",
        "last_id": "file-3",
        "has_more": False,
    },
    "made": {
        "id": "file-new", "object": "file", "bytes": 3, "created_at": 1, "expires_at": None,
        "filename": "n", "purpose": "user_data", "status": "processed",
    },
    "deleted": {"id": "file-0", "object": "file", "deleted": True},
    "jobs": {
        "object": "list", "has_more": False,
        "data": [{"id": "j", "status": "queued", "training_file": "file-1", "input_file_id": 4}],
    },
}  # fmt: skip


class Server:
    """Answers every request with a mutated answer, or all but the listing's."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sound: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        path = request.url.path
        if request.method == "DELETE":
            which = "deleted"
        elif path.endswith("/files") and request.method == "GET":
            which = "files"
        elif request.method == "GET" and path.count("/") == 3 and "/files/" in path:
            which = "made"
        else:
            which = "made" if request.method == "POST" else "jobs"
        body = json.dumps(ANSWERS[which]).encode()
        if which not in self.sound:
            body = mutate(self.rng, body)
        status = 200 if self.rng.random() < 0.9 else self.rng.choice((201, 302, 400, 404, 500, 503))
        headers = {
            # A clock that stands still is a case of its own: see test_recovery.
            "date": self.rng.choice((formatdate(usegmt=True), "yesterday", "", "9" * 50)),
            "retry-after": self.rng.choice(("0", "-5", "nan", "soon")),
        }
        return httpx.Response(
            status if which not in self.sound else 200, content=body, headers=headers
        )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-CANARY-fuzz")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "other.txt").write_bytes(b"abc")
    (tmp_path / "data" / "more.txt").write_bytes(b"abcd")
    told = ClientSettings.__init__.__kwdefaults__
    assert told is not None
    monkeypatch.setitem(told, "attempts", 2)
    monkeypatch.setitem(told, "patient_attempts", 2)
    monkeypatch.setitem(told, "sleep", lambda _seconds: None)
    monkeypatch.setattr("filesync.core.recovery.recover.LISTING_LAG_SECONDS", -1)
    monkeypatch.setattr(doubts, "_FIRST_PAUSE", 0)
    (tmp_path / "filesync.yaml").write_bytes(
        f"""\
version: 1
project: fuzz
remote: {{base_url: "{URL}", requests_per_minute: 60000000}}
prune: {{unmanaged: true, purposes: [user_data], match: "kb-*"}}
files:
  other: {{path: data/other.txt}}
  more: {{path: data/more.txt, fingerprint: true}}
""".encode()
    )
    return tmp_path


def test_server_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan and apply against answers that are wrong somewhere."""
    rng = random.Random(SEED + 3)
    server = Server(rng)

    def streamed(request: httpx.Request) -> httpx.Response:
        whole = server(request)
        stream = httpx.ByteStream(whole.content)
        return httpx.Response(whole.status_code, headers=whole.headers, stream=stream)

    monkeypatch.setattr(
        "filesync.remote.transport.opener",
        lambda _url, _proxy: lambda: httpx.MockTransport(streamed),
    )
    lock_path = folder / "filesync.lock"
    lock = a_lock(rng)
    lock.files = {"other": lock.files["k0"], "gone": lock.files["k1"]}
    journal = Path(journal_path("filesync.yaml", "fuzz", URL))
    whole = lock_format.dump_lockfile(lock)
    well = []
    for n in range(1000):
        lock_path.write_bytes(whole)
        server.sound = rng.choice((set(), {"files"}, {"files", "made"}, {"files", "jobs"}))
        journal.unlink(missing_ok=True)
        if rng.random() < 0.3:
            journal.parent.mkdir(exist_ok=True)
            journal.write_bytes(mutate(rng, journal_text()).replace(b"1e999", b"1e9"))
        planned = None

        def planning() -> None:
            nonlocal planned
            planned = make_plan(Run())

        told = f"seed {SEED + 3}, {n}"
        well.append(only_ours(planning, told))
        assert lock_path.read_bytes() == whole, told
        if planned is not None:
            allowed = Overrides(duplicates=True, missing=True, max_delete=100)

            def applying(plan: Any = planned, allowed: Overrides = allowed) -> None:
                apply_plan(plan, allowed=allowed)

            if not only_ours(applying, told):
                assert lock_path.read_bytes() == whole, told
        lock_format.parse_lockfile(lock_path.read_bytes(), "filesync.lock")
        for path in (lock_path, journal):
            assert not path.exists() or b"sk-CANARY" not in path.read_bytes()
    tally("server answers", well)


def test_plans_with_broken_files(folder: Path) -> None:
    """A run on a mutated manifest and lockfile, offline: the lockfile stays as it is."""
    rng = random.Random(SEED + 4)
    manifest = (folder / "filesync.yaml").read_bytes()
    whole = lock_format.dump_lockfile(a_lock(rng))
    lock_path = folder / "filesync.lock"
    for n in range(1000):
        broken = rng.random() < 0.5
        lock_text = mutate(rng, whole) if broken else whole
        lock_path.write_bytes(lock_text)
        (folder / "filesync.yaml").write_bytes(manifest if broken else mutate(rng, manifest))
        only_ours(lambda: make_plan(Run(offline=True)), f"seed {SEED + 4}, {n}")
        assert lock_path.read_bytes() == lock_text
