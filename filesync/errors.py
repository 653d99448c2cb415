"""Every error filesync raises on purpose, and what the command line does with it.

FilesyncError              exit 1: a message, and a hint that says what to do next
 ├─ ManifestError          the manifest or the files it names; carries every Problem found
 ├─ ContentError           files whose content is not what their purpose needs
 ├─ LockfileError          unreadable, corrupt, or of another project or base_url
 ├─ UnknownKeyError        a key that is not there
 ├─ LocalFileError         a local file changed or vanished while it was being sent
 ├─ ObjectStoreError       a bucket, an object in it, or the way to it
 │   ├─ NoSuchObject       there is no object of this name
 │   ├─ LeaseLost          another run has taken over, or the store could not be reached in time
 │   └─ ObjectChanged      it is not, or no longer, the one that was asked for
 ├─ RemoteError            the server, or the way to it
 │   ├─ ApiError           an answer with an error status
 │   │   └─ AuthError      401, 403 or no credit: nothing else will work either
 │   ├─ NoSuchRoute        the server has nothing there that is of the API
 │   ├─ AmbiguousError     the request may or may not have taken effect
 │   └─ ListingError       the listing is not whole: nothing may rest on what it lacks
 ├─ Refused                a safety rule said no; the hint names the flag that overrides it
 ├─ ApplyFailed            some changes were not made
 └─ Interrupted            exit 130: Ctrl-C
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")


class Problem(NamedTuple):
    """One thing wrong with a manifest: 1-based line and column, dotted place, what is wrong."""

    line: int
    col: int
    where: str
    message: str


class FilesyncError(Exception):
    """An expected failure, told in a sentence, with what to do next in `hint`."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ManifestError(FilesyncError):
    """The manifest, or a file it names, is wrong; `problems` holds all that was found."""

    def __init__(self, path: str, problems: Sequence[Problem], hint: str = "") -> None:
        self.path = path
        self.problems = sorted(problems)
        super().__init__(
            "\n".join(
                f"{path}:{p.line}:{p.col}: {p.where}: {p.message}"
                if p.where
                else f"{path}:{p.line}:{p.col}: {p.message}"
                for p in self.problems
            ),
            hint,
        )


class ContentError(FilesyncError):
    """Files have content that their purpose does not allow; each line is `PATH:LINE: what`."""


class LockfileError(FilesyncError):
    """The lockfile cannot be read, or belongs to another project or base_url."""


class UnknownKeyError(FilesyncError):
    """A key that is neither in the lockfile nor in the manifest; the hint has the nearest."""


class LocalFileError(FilesyncError):
    """A local file changed, vanished or could not be read while it was needed."""


class ObjectStoreError(FilesyncError):
    """An object store (S3, Google Cloud Storage, Azure Blob Storage, a web server) failed."""


class NoSuchObject(ObjectStoreError):
    """The store answers, and has no object of this name."""


class NoRanges(ObjectStoreError):
    """The server sends an object as a whole, and no part of it."""


class ObjectChanged(ObjectStoreError):
    """A condition on the object did not hold: it has another etag, or it exists already."""


class LeaseLost(ObjectStoreError):
    """This run may not write any more: its lease is another's, or was not renewed in time."""


class RemoteError(FilesyncError):
    """The server, or the way to it, failed."""


class ApiError(RemoteError):
    """The server answered with an error; `status` is the HTTP status, `code` the API's code."""

    def __init__(
        self, message: str, hint: str = "", *, status: int, code: str | None = None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


GONE = (404, 410)
"""What a server answers about something that is not there."""


def unless_gone(ask: Callable[[], _T]) -> _T | None:
    """Return what `ask` returns, None where the server's answer is that it is not there."""
    try:
        return ask()
    except ApiError as error:
        if error.status not in GONE:
            raise
        return None


class AuthError(ApiError):
    """401, 403, or no credit left: the next request would end the same way."""


class NoSuchRoute(RemoteError):
    """The server has no such route, which says nothing of a file: a web page answered with 404,
    or a listing was refused with 405 or 501."""


def lacks_route(error: Exception) -> bool:
    """Say whether an error means that the server has no such route, whatever was asked for.

    A 404 is left out: it may be about a file or store.
    """
    refused = isinstance(error, ApiError) and error.status in (405, 501)
    return refused or isinstance(error, NoSuchRoute)


class AmbiguousError(RemoteError):
    """The request was sent and no clear answer came: it may have taken effect.

    `answered` is the HTTP status of an answer that left it open, None if there was none; `told`
    says that it held an error in the server's own words.
    """

    def __init__(
        self, message: str, hint: str = "", *, answered: int | None = None, told: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.answered = answered
        self.told = told


class ListingError(RemoteError):
    """A listing failed, stopped early or repeated a cursor, so nothing may rest on it."""


class Refused(FilesyncError):
    """A safety rule stopped the run before anything was written."""


class ApplyFailed(FilesyncError):
    """Some changes were not made; what was made is in the lockfile.

    `result`, a filesync.Result, has both.
    """

    def __init__(self, message: str, hint: str = "", *, result: Any = None) -> None:
        super().__init__(message, hint)
        self.result = result


class Interrupted(FilesyncError):
    """Ctrl-C: the lockfile holds what was done until then; `result` as above, None before."""

    exit_code = 130

    def __init__(self, message: str, hint: str = "", *, result: Any = None) -> None:
        super().__init__(message, hint)
        self.result = result
