"""Commit the lockfile and push it, on top of whatever was pushed in the meantime."""

from __future__ import annotations

import os
import time

from checkout import branch, git
from job import Stop, given, lockfile, quoted

_TRIES = 6
# Another push came first; anything else that the server refuses, it refuses again.
_LATE = ("(fetch first)", "(non-fast-forward)", "cannot lock ref", "failed to update ref")


def run() -> None:
    """Push the lockfile if it changed; Stop if that is impossible, after saving it elsewhere."""
    lock, name = lockfile(), branch()
    if not os.path.exists(lock):
        return
    _do("add", "--", lock)
    if git("diff", "--cached", "--quiet", "--", lock).returncode == 0:
        return
    _do("commit", "--quiet", "-m", given("MESSAGE"), "--", lock)
    if name is None:
        _save("the checkout is not on a branch", lock)
    for number in range(_TRIES):
        pushed = git("push", "--porcelain", "origin", f"HEAD:refs/heads/{name}")
        if pushed.returncode == 0:
            return
        if "[remote rejected]" in pushed.stdout and not any(one in pushed.stdout for one in _LATE):
            break
        time.sleep(2**number / 4)
        if git("fetch", "--quiet", "origin", f"refs/heads/{name}").returncode:
            continue
        rebased = git("rebase", "--quiet", "--autostash", "FETCH_HEAD")
        if rebased.returncode:
            git("rebase", "--abort")
            _save(f"{lock} was changed on {name} in the meantime:\n{rebased.stdout}", lock)
    _save(pushed.stdout.strip(), lock)


def _save(why: str, lock: str) -> None:
    """Push the lockfile to a branch of its own, or print it: without it the ids are lost."""
    own = f"filesync-lock-{given('GITHUB_RUN_ID') or 'x'}-{given('GITHUB_RUN_ATTEMPT') or '1'}"
    if git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{own}").returncode == 0:
        hint = f"it is on the branch {own}: merge that before the next apply"
    else:
        with quoted(), open(lock, encoding="utf-8") as file:
            print(f"{lock} after this apply:\n{file.read()}", flush=True)
        hint = f"commit {lock} as it is in the log above, before the next apply"
    said = "the apply is done, but its lockfile could not be pushed:"
    raise Stop(f"{said} {why}\n", hint)


def _do(*args: str) -> None:
    done = git(*args)
    if done.returncode:
        raise Stop(f"git {args[0]} failed: {done.stdout.strip()}", "look at the checkout")
