"""Anything in any order: edits, strangers, expiry, crashes, applies; then one clean apply.

CRASH_EXAMPLES=n in the environment runs it for longer.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.crash.hub import Fault, Hub
from tests.crash.project import CANARY, SMALL_PARTS, Ran, Runners, Scene, noise
from tests.crash.steps import journal_of

EXAMPLES = int(os.environ.get("CRASH_EXAMPLES", "30"))
_numbers = itertools.count()
ALLOWED = ("--allow-shrink",)
KEYS = st.sampled_from(["a", "b", "c", "d"])
# Few texts, many of one size: what looks alike is what goes wrong.
TEXTS = st.sampled_from([b"text-1", b"text-2", b"text-3", b"longer text", b"big"])
PURPOSES = st.sampled_from(["user_data", "assistants"])
# Under one name for all keys, the same text is one file for all who declare it.
COMMON = "common.txt"
NAMES = st.sampled_from([None, "name.txt", COMMON, COMMON])
KILLS = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["journal", "request", "replace"]),
        "n": st.integers(1, 6),
        "when": st.sampled_from(["before", "after"]),
    }
)


def text_of(text: bytes) -> bytes:
    return noise("big", 1_100_000) if text == b"big" else text


class Machine(RuleBasedStateMachine):
    """One project and its platform, and what was ever done to them.

    Texts of one size meet: then an apply may refuse and name what it cannot tell apart, which
    the user then decides.
    """

    hub: ClassVar[Hub]
    runners: ClassVar[Runners]
    figures: ClassVar[dict[str, int]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="crash-machine-"))
        self.scene = Scene(
            self.folder, self.hub, self.runners, f"{CANARY}-machine-{next(_numbers)}"
        )
        self.scene.patch |= {"parts": SMALL_PARTS}
        self.unknown: frozenset[str] = frozenset()
        # What only a stranger's deletes call for, and a text much shorter than the one before.
        self.allowed: tuple[str, ...] = ALLOWED

    @initialize(
        files=st.dictionaries(KEYS, st.tuples(TEXTS, st.booleans(), NAMES), min_size=1),
    )
    def start(self, files: dict[str, tuple[bytes, bool, str | None]]) -> None:
        for key, (text, fingerprint, name) in files.items():
            self.declare(key, text, fingerprint, "user_data", name, expires=False)

    @rule(
        key=KEYS,
        text=TEXTS,
        fingerprint=st.booleans(),
        purpose=PURPOSES,
        name=NAMES,
        expires=st.booleans(),
        retain=st.booleans(),
    )
    def declare(
        self,
        key: str,
        text: bytes,
        fingerprint: bool,
        purpose: str,
        name: str | None,
        expires: bool,
        retain: bool = False,
    ) -> None:
        policy: dict[str, Any] = {"fingerprint": fingerprint, "purpose": purpose}
        if name:
            policy["filename"] = name if name == COMMON else f"{key}-{name}"
        if retain:
            policy["retain"] = "1h"
        if expires:
            policy |= {"expires_after": "2h", "renew_before": "10m"}
        self.scene.declare(key, f"{key}.txt", text_of(text), **policy)
        self.scene.save()

    @rule(key=KEYS, text=TEXTS)
    def edit(self, key: str, text: bytes) -> None:
        if key in self.scene.entries:
            self.scene.write(f"{key}.txt", text_of(text))

    @precondition(lambda self: len(self.scene.entries) > 1)
    @rule(data=st.data())
    def undeclare(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.scene.entries)))
        del self.scene.entries[key]
        self.scene.save()

    @rule(text=TEXTS, n=st.integers(1, 3))
    def stranger_uploads(self, text: bytes, n: int) -> None:
        # Nobody else's file looks like one of ours: that is told apart elsewhere.
        self.scene.upload_foreign(f"stranger-{n}.txt", text_of(text))

    @rule(key=KEYS)
    def stranger_deletes(self, key: str) -> None:
        # What was locked before a crash is a matter of time: nothing may be drawn from it.
        if self.scene.lock_path.exists():
            entry = self.scene.lock().files.get(key)
            if entry is not None and entry.id in self.scene.tenant.files():
                self.scene.delete_remote(entry.id)
                self.allowed = (*ALLOWED, "--accept-missing")

    @rule(seconds=st.sampled_from([5, 700, 7000, 8000]))
    def time_passes(self, seconds: int) -> None:
        self.scene.tenant.advance(seconds)

    @rule(kill=KILLS, concurrency=st.sampled_from(["1", "4"]), key=KEYS, text=TEXTS)
    def edit_and_crash(self, kill: dict[str, Any], concurrency: str, key: str, text: bytes) -> None:
        self.edit(key, text)
        self.crash(kill, concurrency)

    @rule(kill=KILLS, concurrency=st.sampled_from(["1", "4"]))
    def crash(self, kill: dict[str, Any], concurrency: str) -> None:
        ran = self.scene.apply(*self.allowed, "--concurrency", concurrency, kill=kill)
        self.survived(ran)

    def survived(self, ran: Ran) -> None:
        self.figures["crashes"] += ran.signal == signal.SIGKILL
        assert ran.signal == signal.SIGKILL or ran.exit == 0 or self.undecided(ran.err), ran.err
        self.after_crash()

    @rule(kill=KILLS, n=st.integers(1, 3))
    def crash_and_the_request_lost(self, kill: dict[str, Any], n: int) -> None:
        """The platform never got the n-th upload, and we died not knowing."""
        seen_creates = itertools.count(1)
        self.scene.tenant.plan = lambda seen: (
            Fault("reset") if seen.is_create and next(seen_creates) == n else None
        )
        self.survived(self.scene.apply(*self.allowed, kill=kill))

    def after_crash(self) -> None:
        scene = self.scene
        scene.tenant.settle()
        scene.tenant.plan = lambda _seen: None
        known = {one.upload_id for one in journal_of(scene).attempts.values()}
        self.unknown |= scene.tenant.pending() - known
        if scene.lock_path.exists():
            scene.lock()

    @rule()
    def apply(self) -> None:
        scene = self.scene
        ran = scene.apply(*self.allowed)
        self.figures["applies"] += 1
        if ran.exit == 1 and self.undecided(ran.err):
            # Two uploads of one name and size, both cut short: named, and the user decides.
            self.figures["refused"] += 1
            ran = scene.apply(*self.allowed, "--allow-duplicates")
            assert ran.exit == 0, ran.err
            self.allowed = ALLOWED
            self.forgive()
            return
        assert ran.exit == 0, ran.err
        self.allowed = ALLOWED
        again = scene.job(["plan", "--detailed-exitcode"])
        assert again.exit == 0, (again.out, again.err)
        assert scene.wrongs(retired=None, sessions=self.unknown) == []
        ids = [entry.id for entry in scene.lock().files.values()]
        self.figures["shared"] += len(ids) - len(set(ids))

    @staticmethod
    def undecided(err: str) -> bool:
        return "filesync adopt" in err

    def forgive(self) -> None:
        """What was reported and left alone counts as somebody else's from here on."""
        owned = self.scene.lock().owned_ids()
        for one, file in self.scene.tenant.files().items():
            if one not in owned:
                self.scene.foreign[one] = file["content"]

    def teardown(self) -> None:
        try:
            if self.scene.entries:
                self.apply()
            assert self.scene.key_written() == []
        finally:
            self.hub.close(self.scene.key)
            shutil.rmtree(self.folder)


def test_any_order(hub: Hub, runners: Runners) -> None:
    Machine.hub, Machine.runners = hub, runners
    Machine.figures = {"applies": 0, "crashes": 0, "refused": 0, "shared": 0}

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=14,
            deadline=None,
            derandomize="CRASH_EXAMPLES" not in os.environ,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    print(f"\nmachine: {Machine.figures}")


@pytest.fixture(autouse=True)
def _no_hypothesis_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path))
