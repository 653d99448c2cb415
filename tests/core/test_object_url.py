"""URLs of objects: what they name, what is wrong with them, and what of them may be shown."""

from __future__ import annotations

import pytest

from filesync.core.object_url import is_url, object_url


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://data/train/a.jsonl", "data", "train/a.jsonl"),
        ("S3://data/a b+%20?#.txt", "data", "a b+%20?#.txt"),
        ("gs://data-1.eu/x", "data-1.eu", "x"),
        ("az://box/x", "box", "x"),
        ("s3://data", "data", ""),
        ("file:///srv/a%20b.txt", "", "/srv/a b.txt"),
        ("file://localhost/srv/x", "", "/srv/x"),
        ("https://host.example:8443/a?b=c", "host.example", ""),
        ("http://127.0.0.1:80/a", "127.0.0.1", ""),
    ],
)
def test_what_a_url_names(text: str, bucket: str, key: str) -> None:
    url = object_url(text)
    assert is_url(text)
    assert (url.bucket, url.key) == (bucket, key)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("s3:///key", "must name a bucket: s3://bucket/key"),
        ("az://", "must name a container"),
        ("s3://-x/key", "must name a bucket"),
        ("s3://*/key", "must name a bucket"),
        ("ftp://host/file", "use s3://, gs://, az://, file:// or https://"),
        ("http://host.example/file", "use https://"),
        ("https:///file", "names no host"),
        ("https://host:99999/file", "is not a valid URL"),
        ("file://host/file", "file:///folder/file"),
        ("file://", "file:///folder/file"),
    ],
)
def test_what_is_wrong_with_a_url(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("?", r"\?")):
        object_url(text)


@pytest.mark.parametrize("text", ["data/train.jsonl", "/a://b", "./s3://x", "a/b:c", "C:/x"])
def test_a_path_is_not_a_url(text: str) -> None:
    assert not is_url(text)


def test_what_may_give_access_is_not_shown() -> None:
    url = object_url("https://user:pass@host.example:8443/a/b.txt?X-Amz-Signature=abc#part")
    assert url.shown == "https://host.example:8443/a/b.txt"
    assert object_url("https://host?sig=abc/x").shown == "https://host/"
    assert object_url("s3://data/a?b").shown == "s3://data/a?b"
