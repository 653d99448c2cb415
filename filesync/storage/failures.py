"""What obstore raises, as our errors: which bucket and key, what is wrong, and what to check.

obstore's messages hold whatever the server answered, and for a refused signature that is what
was signed. So only the status, the store's own error code and the kind of failure are taken out
of them, and the rest is never printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from filesync.core.object_url import ObjectUrl
from filesync.core.text import quoted
from filesync.errors import NoRanges, NoSuchObject, ObjectChanged, ObjectStoreError

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9_.-]{1,80})</Code>")
_KIND = re.compile(r"kind: (\w+)")
_RETRIES = re.compile(r"after (\d+) retries")
# Where machines in a cloud ask for their own credentials.
_IDENTITY = re.compile(r"token request|//169\.254\.|//metadata\.google|/oauth2/|sts\.")
_UNUSABLE = re.compile(r"service account|credential|access key|base64|SAS", re.IGNORECASE)

_CREDENTIALS = {
    "s3": "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary "
    "credentials), or run where a role gives them; profiles are not read: run "
    '`eval "$(aws configure export-credentials --format env)"` first',
    "gs": "check GOOGLE_APPLICATION_CREDENTIALS (a service account's file), or run where the "
    "machine has an identity",
    "az": "check AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or "
    "AZURE_STORAGE_SAS_KEY, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET",
    "https": "the URL itself must give access: a signed one may have expired",
}
_PLACE = {
    "s3": "AWS_REGION and AWS_ENDPOINT_URL",
    "gs": "GOOGLE_BASE_URL",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ENDPOINT",
}
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted")
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
_EXPIRED = ("ExpiredToken", "TokenRefreshRequired")
_REGION = (
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "IllegalLocationConstraintException",
)
_REFUSED = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "AuthenticationFailed",
    "InvalidAuthenticationInfo",
    "NoAuthenticationInformation",
)
_HTTP_KINDS = ("Timeout", "Connect", "Request", "Interrupted", "Decode")
_OVERLOADED = (429, 500, 502, 503, 504)


class Facts(NamedTuple):
    """What an error of obstore says, without what the server said in words."""

    error: str  #: obstore's class, or Python's
    status: int | None
    code: str | None
    kind: str | None
    retries: int
    text: str  #: never printed


@contextmanager
def store_errors(url: ObjectUrl, doing: str = "read") -> Iterator[None]:
    """Raise what obstore raises in here as ObjectStoreError; `doing` is read, write or list.

    A missing object is NoSuchObject. ObjectChanged is for an etag that is another, and for an
    object that exists although it was to be created. Only calls of obstore belong in here, as it
    raises ValueError and OSError too.
    """
    try:
        yield
    except BaseException as error:
        if not _is_obstores(error):
            raise
        raise failure(url, facts_of(error), doing) from None


def _is_obstores(error: BaseException) -> bool:
    """Say whether an exception came out of obstore, which raises some built-in ones too."""
    if type(error).__module__.startswith("obstore") or type(error).__name__ == "PanicException":
        return True
    # A key that the store's paths cannot hold, an object that is not there, a file system's no.
    return type(error) in (
        FileNotFoundError,
        ValueError,
        PermissionError,
        OSError,
        NotADirectoryError,
    )


def facts_of(error: BaseException) -> Facts:
    """Return what an exception of obstore says."""
    text = str(error)
    status, code, retries = _STATUS.search(text), _CODE.search(text), _RETRIES.search(text)
    kinds = _KIND.findall(text)
    return Facts(
        type(error).__name__,
        int(status[1]) if status else None,
        code[1] if code else None,
        next((kind for kind in kinds if kind in _HTTP_KINDS), None),
        int(retries[1]) if retries else 0,
        text,
    )


def failure(url: ObjectUrl, facts: Facts, doing: str) -> ObjectStoreError:
    """Return the error for what failed with an object or, where its key is empty, a bucket."""
    for rule in (_of_object, _of_access, _of_way):
        if (found := rule(url, facts, doing)) is not None:
            return found
    said = _answered(facts)
    return ObjectStoreError(
        f"cannot {doing} {url.shown}: {said or 'the store failed'}",
        f"check the URL, and {_PLACE.get(url.scheme, 'that its server answers')}",
    )


def _of_object(url: ObjectUrl, facts: Facts, doing: str) -> ObjectStoreError | None:
    """Return the error for what is wrong with a bucket or key as such, None if it is another."""
    if facts.code in _NO_BUCKET or (facts.status == 404 and doing == "list"):
        return no_bucket(url)
    if facts.error in ("PreconditionError", "NotModifiedError") or facts.status == 412:
        return ObjectChanged(
            f"{url.shown} changed while filesync was using it",
            "let whatever writes it finish, then run filesync again",
        )
    if facts.error == "AlreadyExistsError":
        return ObjectChanged(f"{url.shown} exists already", "run filesync again")
    if facts.error in ("FileNotFoundError", "NotFoundError") or facts.status in (404, 410):
        return NoSuchObject(f"no such object: {url.shown}", f"check {named(url)}")
    if facts.error in ("InvalidPathError", "ValueError") and facts.status is None:
        found = re.search(r'[Pp]ath "((?:[^"\\]|\\.)*)"', facts.text)
        key = quoted(found[1]) if found and not url.is_web else "a key"
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: {key} has an empty or a dotted part between slashes, "
            "which is not supported",
            "rename that object, or name a narrower prefix",
        )
    return None


def _of_access(url: ObjectUrl, facts: Facts, doing: str) -> ObjectStoreError | None:
    """Return the error for credentials, a clock or a region that do not fit."""
    credentials = _CREDENTIALS.get(url.scheme, _CREDENTIALS["https"])
    if _IDENTITY.search(facts.text.split("Debug source")[0]) or "MissingAccount" in facts.text:
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: there are no credentials for {url.scheme}://", credentials
        )
    if facts.status is None and _UNUSABLE.search(facts.text.split("Debug source")[0]):
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: the credentials for {url.scheme}:// cannot be used",
            credentials,
        )
    if facts.code in _CLOCK:
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: {_answered(facts)}", "set this machine's clock"
        )
    if (
        facts.code in _REGION
        or facts.status == 301
        or "incorrectly configured region" in facts.text
    ):
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: the bucket is in another region",
            "set AWS_REGION to the region of the bucket",
        )
    denied = facts.error in ("PermissionDeniedError", "UnauthenticatedError")
    if denied or facts.status in (401, 403) or facts.code in (*_EXPIRED, *_REFUSED):
        expired = facts.code in _EXPIRED
        what = "the credentials have expired" if expired else "access denied"
        hint = f"{credentials}; they must be allowed to {doing} {named(url)}"
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: {what}{_in_brackets(facts)}",
            credentials if url.is_web else hint,
        )
    if facts.error == "PermissionError":
        return ObjectStoreError(f"cannot {doing} {url.shown}: permission denied")
    return None


def _of_way(url: ObjectUrl, facts: Facts, doing: str) -> ObjectStoreError | None:
    """Return the error for a store that is too busy, late or not reached."""
    place = _PLACE.get(url.scheme, "the host of the URL")
    tried = f" ({facts.retries + 1} tries)" if facts.retries else ""
    if facts.status in _OVERLOADED:
        busy = facts.status in (429, 503) or facts.code == "SlowDown"
        what = "the store is too busy" if busy else "the store failed"
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: {what}: {_answered(facts)}{tried}",
            "run it again later; a lower --concurrency asks for less at once",
        )
    if facts.kind == "Timeout":
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: no answer in time{tried}",
            f"check the network and {place}, then run it again",
        )
    if "kind: Redirect" in facts.text and url.is_web:
        plain = "BadScheme" in facts.text
        where = "to plain http, which anyone on the way can change" if plain else "again and again"
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: its server redirects {where}",
            "name the URL that it ends at, or ask whoever runs the server",
        )
    if "BadScheme" in facts.text:
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: its endpoint is plain http",
            f"use https, or check {place}; `AWS_ALLOW_HTTP=true` allows http for s3://",
        )
    if "certificate" in facts.text.lower():
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: the server's certificate is not trusted",
            "for a private certificate authority set SSL_CERT_FILE",
        )
    if facts.kind is not None:
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: the store cannot be reached{tried}",
            f"check the network and {place}",
        )
    if "RangeNotSupported" in facts.text:
        return NoRanges(
            f"cannot {doing} {url.shown}: its server does not send parts of a file",
            "use a server that answers range requests, or download the file first",
        )
    if "MissingContentLength" in facts.text:
        return ObjectStoreError(
            f"cannot {doing} {url.shown}: its server does not say how long it is",
            "use a server that sends Content-Length, or download the file first",
        )
    return None


def no_bucket(url: ObjectUrl) -> ObjectStoreError:
    """Return the error for a bucket that does not exist."""
    what = "container" if url.scheme == "az" else "bucket"
    return ObjectStoreError(
        f"cannot read {url.shown}: there is no {what} {quoted(url.bucket)}",
        f"check the {what}'s name, and {_PLACE.get(url.scheme, 'the URL')}",
    )


def named(url: ObjectUrl) -> str:
    """Return the key and bucket of a URL in words, for a hint."""
    if url.is_web:
        return "the URL"
    if url.scheme == "file":
        return "the path"
    what = "container" if url.scheme == "az" else "bucket"
    return (
        f"key {quoted(url.key)} in {what} {quoted(url.bucket)}"
        if url.key
        else f"{what} {quoted(url.bucket)}"
    )


def _answered(facts: Facts) -> str:
    both = [str(part) for part in (facts.status, facts.code) if part is not None]
    return f"it answered {' '.join(both)}" if both else ""


def _in_brackets(facts: Facts) -> str:
    both = [str(part) for part in (facts.status, facts.code) if part is not None]
    return f" ({' '.join(both)})" if both else ""
