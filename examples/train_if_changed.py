"""Start a fine-tuning job only if none has been made from this content.

    filesync apply -y -m manifests/fine-tuning.yaml
    python examples/train_if_changed.py manifests/fine-tuning.lock

Run it after every apply: it asks the platform for jobs with this content's hash, so a run that was
stopped, or an apply that changed nothing, starts no second job, and one that failed is started
again. Needs `pip install openai` and OPENAI_API_KEY, as examples/fine_tuning_job.py does.
"""

from __future__ import annotations

import sys

from openai import OpenAI

import filesync

MODEL = "gpt-4.1-mini-2025-04-14"


def main() -> None:
    lock = filesync.load_lock(sys.argv[1] if len(sys.argv) > 1 else "filesync.lock")
    client, sha256 = OpenAI(), lock.files["train"].sha256
    for job in client.fine_tuning.jobs.list():  # every page, newest first
        same = (job.metadata or {}).get("train_sha256") == sha256
        if same and job.status not in ("failed", "cancelled"):
            print(f"{job.id} is {job.status}: nothing changed since")
            return
    job = client.fine_tuning.jobs.create(
        model=MODEL, training_file=lock.id("train"), metadata={"train_sha256": sha256}
    )
    print(f"{job.id} is {job.status}: started with {job.training_file}")


if __name__ == "__main__":
    main()
