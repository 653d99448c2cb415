"""A bucket on loopback, and a project whose environment leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.harness import Project
from tests.storage.bucket import Bucket, serving_bucket
from tests.storage.fake_s3 import FakeS3, serving


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A bucket `data`, empty."""
    with serving_bucket() as found:
        yield found


@pytest.fixture
def sourced(project: Project, bucket: Bucket) -> Project:
    """A project that finds `s3://data` and `gs://data` on loopback."""
    project.env.update(bucket.env)
    return project


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    """A bucket `bucket` whose bad days can be set, empty."""
    with serving() as found:
        yield found
