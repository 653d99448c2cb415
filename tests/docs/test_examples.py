"""Each example does with the official client what it says, on a server over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from docs_helpers import Shell, copy_checkout, serving

import filesync
from filesync.core.lockfile.lock import Lockfile


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a checkout, with a server in its environment."""
    checkout = copy_checkout(tmp_path / "checkout")
    with serving(tmp_path / "server") as to_server:
        yield Shell(checkout, tmp_path / "home", **to_server)


@pytest.fixture
def client(shell: Shell) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=shell.env["OPENAI_BASE_URL"], api_key=shell.env["OPENAI_API_KEY"]
    ) as client:
        yield client


def apply(shell: Shell, name: str) -> Lockfile:
    """Apply a manifest; its lockfile."""
    shell.run("filesync", "apply", "-y", "-m", f"manifests/{name}.yaml")
    return filesync.load_lock(str(shell.folder / f"manifests/{name}.lock"))


def test_fine_tuning_job(shell: Shell, client: openai.OpenAI) -> None:
    lock = apply(shell, "fine-tuning")
    said = shell.python("examples/fine_tuning_job.py", "manifests/fine-tuning.lock")

    (job,) = client.fine_tuning.jobs.list()
    assert said.startswith(job.id)
    assert job.training_file == lock.id("train")
    assert job.validation_file == lock.id("validation")


def test_batch_job(shell: Shell, client: openai.OpenAI) -> None:
    lock = apply(shell, "batch")
    said = shell.python("examples/batch_job.py", "manifests/batch.lock")

    (batch,) = client.batches.list()
    assert said.startswith(batch.id)
    assert batch.input_file_id == lock.id("reviews")


def test_file_search_answers_from_the_new_text(shell: Shell, client: openai.OpenAI) -> None:
    example = ("examples/file_search.py", "returns")
    lock = apply(shell, "file-search")
    (store,) = client.vector_stores.list()
    assert store.id == lock.store("handbook").id
    assert len(list(client.vector_stores.files.list(store.id))) == 4
    assert shell.python(*example).startswith("returns.md (")

    returns = shell.folder / "manifests/data/handbook/returns.md"
    returns.write_text("# Returns\n\nBring it back on a Thursday.\n")
    apply(shell, "file-search")
    said = shell.python(*example)
    assert "Bring it back on a Thursday." in said
    assert said.count("returns.md") == 1


def test_python_api(shell: Shell) -> None:
    command = ("examples/python_api.py", "manifests/fine-tuning.yaml")

    first = shell.python(*command)
    second = shell.python(*command)

    lock = filesync.load_lock(str(shell.folder / "manifests/fine-tuning.lock"))
    assert "create train: new\n" in first
    assert f"train is {lock.id('train')}\n" in first
    assert second == "nothing to do\n"


def test_python_api_tells_an_error_in_words(shell: Shell) -> None:
    command = ("python", "examples/python_api.py", "manifests/fine-tuning.yaml")
    said = shell.run(*command, status=1, OPENAI_API_KEY="")
    assert said.startswith("OPENAI_API_KEY is not set\n")


def test_train_if_changed(shell: Shell, client: openai.OpenAI) -> None:
    lock = apply(shell, "fine-tuning")
    command = ("examples/train_if_changed.py", "manifests/fine-tuning.lock")
    assert "started with " + lock.id("train") in shell.python(*command)
    assert "nothing changed since" in shell.python(*command)
    (job,) = client.fine_tuning.jobs.list()

    data = shell.folder / "manifests/data/fine-tuning/train.jsonl"
    data.write_text(data.read_text() + data.read_text().splitlines()[0] + "\n")
    lock = apply(shell, "fine-tuning")
    assert "started with " + lock.id("train") in shell.python(*command)
    # One that did not come to its end does not count.
    for job in client.fine_tuning.jobs.list():
        client.fine_tuning.jobs.cancel(job.id)
    assert "started with " + lock.id("train") in shell.python(*command)
    assert len(list(client.fine_tuning.jobs.list())) == 3


def test_check_drift(shell: Shell, client: openai.OpenAI) -> None:
    lock = apply(shell, "fine-tuning")
    command = ("python", "examples/check_drift.py", "manifests/fine-tuning.yaml")
    assert shell.run(*command).endswith("is as the lockfile says\n")
    client.files.delete(lock.id("train"))
    assert shell.run(*command, status=3) == "train: missing_remotely\n"
    said = shell.run(*command, status=1, OPENAI_API_KEY="")
    assert said.startswith("OPENAI_API_KEY is not set\n")


def test_policy_refuses_a_plan_that_shortens_an_expiry(shell: Shell) -> None:
    (shell.folder / "a.txt").write_text("a\n")
    (shell.folder / "b.txt").write_text("b\n")

    def judged(days_of_a: str, days_of_b: str) -> subprocess.CompletedProcess[str]:
        (shell.folder / "filesync.yaml").write_text(
            "version: 1\nproject: test\nfiles:\n"
            f"  a: {{path: a.txt, expires_after: {days_of_a}}}\n"
            f"  b: {{path: b.txt, expires_after: {days_of_b}}}\n"
        )
        shell.run("filesync", "plan", "--out", "plan.json")
        return subprocess.run(
            [sys.executable, "examples/policy/no_shorter_expiry.py", "plan.json"],
            cwd=shell.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    assert judged("20d", "never").returncode == 0
    shell.run("filesync", "apply", "-y")
    assert judged("25d", "never").returncode == 0
    shorter = judged("10d", "2d")
    assert shorter.returncode == 1
    assert shorter.stderr == (
        'refused: file "a" would expire after 864,000 seconds instead of 1,728,000 seconds\n'
        'refused: file "b" would expire after 172,800 seconds instead of never\n'
    )
