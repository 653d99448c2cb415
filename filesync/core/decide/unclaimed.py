"""Remote files that carry our fingerprint and that no key holds: found by name, not by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from filesync.core import fingerprint
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, RemoteFile
from filesync.core.resemblance import resembles


class UnclaimedFiles:
    """Those of a run, to be taken at most once each; `taken` are the ids that were."""

    def __init__(
        self,
        desired: Sequence[DesiredFile],
        lock: Lockfile,
        remote: Mapping[str, RemoteFile],
        owner: str,
    ) -> None:
        self.taken: set[str] = set()
        self._by_content: dict[str, list[RemoteFile]] = defaultdict(list)
        if not any(want.policy.fingerprint for want in desired):
            return
        held = {entry.id for entry in lock.files.values()}

        for live in sorted(remote.values(), key=lambda file: (file.created_at, file.id)):
            token = fingerprint.parse(live.filename)
            if token is not None and token.owner == owner and live.id not in held:
                self._by_content[token.content].append(live)

    def take(self, want: DesiredFile) -> RemoteFile | None:
        """Return a spare file with the wanted fingerprint, purpose and size, the best there is."""
        if not want.policy.fingerprint:
            return None
        candidates = self._by_content.get(want.sha256[:12], [])
        fitting = [file for file in candidates if resembles(file, want.stored)]
        if not fitting:
            return None
        best = max(
            fitting,
            key=lambda file: (
                file.status != "error",
                file.purpose == want.purpose,
                file.filename == want.filename,
                file.created_at,
                file.id,
            ),
        )
        candidates.remove(best)
        self.taken.add(best.id)
        return best

    def give_back(self, file: RemoteFile) -> None:
        """Undo a `take` that came to nothing."""
        self.taken.discard(file.id)
        token = fingerprint.parse(file.filename)
        if token is not None:
            self._by_content[token.content].append(file)
