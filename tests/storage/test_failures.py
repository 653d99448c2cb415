"""What obstore's exceptions become: which bucket and key, what is wrong, what to check."""

from __future__ import annotations

import pytest
from obstore.exceptions import BaseError, GenericError, PreconditionError

from filesync.core.object_url import object_url
from filesync.errors import FilesyncError, NoSuchObject, ObjectChanged, ObjectStoreError
from filesync.storage.failures import store_errors
from filesync.storage.opening import Deadlines, open_store

SECRET = "wJalrXUtnFEMI"


def raised(url: str, error: BaseException, doing: str = "read") -> FilesyncError:
    with pytest.raises(FilesyncError) as caught, store_errors(object_url(url), doing):
        raise error
    return caught.value


def answered(status: int, code: str = "") -> str:
    body = f"<Error><Code>{code}</Code><StringToSign>{SECRET}</StringToSign></Error>"
    return (
        "Generic S3 error: Error performing GET http://h/data/x?sig=1 in 9ms, after 5 retries, "
        f"max_retries: 5 - Server returned non-2xx status code: {status} Some: {body}"
    )


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (GenericError(answered(403, "SignatureDoesNotMatch")), "403 Sig", "AWS_SECRET_ACCESS_KEY"),
        (GenericError(answered(400, "ExpiredToken")), "have expired (400", "AWS_SESSION_TOKEN"),
        (GenericError(answered(403, "RequestTimeTooSkewed")), "403 RequestTime", "clock"),
        (GenericError(answered(404, "NoSuchBucket")), "there is no bucket 'data'", "AWS_REGION"),
        (FileNotFoundError(answered(404, "NoSuchKey")), "no such object: s3://data/x", "key 'x'"),
        (GenericError(answered(503, "SlowDown")), "busy: it answered 503 SlowDown (6 tries)", ""),
        (GenericError(answered(500)), "the store failed: it answered 500", "later"),
        (GenericError(answered(301, "PermanentRedirect")), "in another region", "AWS_REGION"),
        (GenericError(answered(418, "Teapot")), "it answered 418 Teapot", "check the URL"),
        (GenericError("x\n\nDebug source: kind: Timeout"), "no answer in time", "network"),
        (GenericError("x\n\nDebug source: kind: Connect"), "cannot be reached", "AWS_ENDPOINT_URL"),
        (GenericError("x\n\nDebug source: UnknownIssuer certificate"), "not trusted", "SSL_CERT"),
        (GenericError(f"what {SECRET}"), "the store failed", "check the URL"),
        (PreconditionError("x"), "s3://data/x changed", "let whatever writes it finish"),
        (ValueError('Could not parse path: Path "a//b" x'), "'a//b' has an empty", "rename"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_and_what_to_check(error: Exception, message: str, hint: str) -> None:
    found = raised("s3://data/x", error)
    assert isinstance(found, ObjectStoreError)
    assert message in found.message
    assert "data" in found.message
    assert hint in found.hint
    assert SECRET not in found.message + found.hint
    assert "sig=" not in found.message + found.hint


def test_a_missing_object_and_a_changed_one_have_their_own_types() -> None:
    assert isinstance(raised("s3://data/x", FileNotFoundError("x")), NoSuchObject)
    assert isinstance(raised("s3://data/x", PreconditionError("x")), ObjectChanged)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("TooManyRedirects", "its server redirects again and again"),
        ("BadScheme", "its server redirects to plain http"),
    ],
)
def test_redirects_that_are_not_followed(source: str, message: str) -> None:
    error = GenericError(
        f"x\n\nDebug source: reqwest::Error {{ kind: Redirect, source: {source} }}"
    )
    assert message in raised("https://host/x", error).message


def test_what_is_not_of_obstore_passes() -> None:
    with pytest.raises(KeyError), store_errors(object_url("s3://data/x")):
        raise KeyError("x")
    assert issubclass(GenericError, BaseError)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("AWS_ENDPOINT_URL", "localhost:9000", "is not a URL"),
        ("AWS_ENDPOINT_URL", "http://localhost:99999", "is not a URL"),
        ("AWS_SECRET_ACCESS_KEY", f"{SECRET}\n", "holds a line break"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ObjectStoreError, match=f"{name} {complaint}") as caught:
        open_store(object_url("s3://data/x"), Deadlines())
    assert SECRET not in str(caught.value) + caught.value.hint
