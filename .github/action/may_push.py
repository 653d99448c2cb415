"""Refuse an apply whose lockfile could not be pushed, before it writes anything."""

from __future__ import annotations

from checkout import branch, git
from job import Stop, lockfile


def run() -> None:
    """Raise Stop if the checkout is not on a branch, is behind, or may not be pushed."""
    name, lock = branch(), lockfile()
    if name is None:
        raise _refusal(
            "the checkout is not on a branch, so the lockfile could not be pushed.",
            "check out a branch, as with `ref: main`, or set `commit: false`",
        )
    if git("check-ignore", "--quiet", "--no-index", "--", lock).returncode == 0:
        raise _refusal(f"git ignores {lock}.", "remove it from .gitignore")
    pushed = git("push", "--dry-run", "--force", "origin", f"HEAD:refs/heads/{name}")
    if pushed.returncode:
        raise _refusal(
            f"the lockfile could not be pushed to {name}.",
            "give the job `contents: write`, or set `commit: false`. "
            f"git said:\n{pushed.stdout.strip()}",
        )
    fetched = git("fetch", "--quiet", "origin", f"refs/heads/{name}")
    if fetched.returncode:
        return
    if git("diff", "--quiet", "HEAD", "FETCH_HEAD", "--", lock).returncode:
        raise _refusal(
            f"{name} has a newer {lock} than the checkout.",
            f"check out its newest commit, with `ref: {name}`, and run the job again",
        )


def _refusal(what: str, hint: str) -> Stop:
    return Stop(f"{what} Nothing was written.", hint)
