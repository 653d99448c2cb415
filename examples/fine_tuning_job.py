"""Start a fine-tuning job with files that filesync manages.

    filesync apply -m manifests/fine-tuning.yaml
    python examples/fine_tuning_job.py manifests/fine-tuning.lock

The job's code uses the key, never the id: the lockfile says which id holds the content that is
in the repository. Needs `pip install openai` and OPENAI_API_KEY; to try it without a key,
start `filesync emulator` and export what it prints.
"""

from __future__ import annotations

import sys

from openai import OpenAI

import filesync

MODEL = "gpt-4.1-mini-2025-04-14"


def main() -> None:
    lock = filesync.load_lock(sys.argv[1] if len(sys.argv) > 1 else "filesync.lock")
    job = OpenAI().fine_tuning.jobs.create(
        model=MODEL,
        training_file=lock.id("train"),
        validation_file=lock.id("validation"),
        # Which content a model was made from, for whoever asks a year later.
        metadata={"train_sha256": lock.files["train"].sha256},
    )
    print(f"{job.id} is {job.status}: {job.model} on {job.training_file}")


if __name__ == "__main__":
    main()
