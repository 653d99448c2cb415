"""An emulator on a clock that only moves when told, and the two clients that talk to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest

from filesync.emulator.server import embedded

KEY = "sk-test"


class Clock:
    """The server's time."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def base_url(data_dir: Path, clock: Clock) -> Iterator[str]:
    with embedded(str(data_dir), api_key=KEY, clock=clock) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def http(base_url: str) -> Iterator[httpx.Client]:
    with connect(base_url) as client:
        yield client


def connect(url: str) -> httpx.Client:
    """A plain client with the key."""
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False)


@pytest.fixture
def blobs(data_dir: Path) -> Callable[[], list[str]]:
    """What is on the server's disk."""
    return lambda: sorted(path.name for path in (data_dir / "blobs").iterdir())


def post_file(
    http: httpx.Client, content: bytes = b"x", purpose: str = "user_data", name: str = "a.txt"
) -> str:
    """Store a file; its id."""
    answer = http.post("/files", data={"purpose": purpose}, files={"file": (name, content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def post_upload(http: httpx.Client, size: int, **more: object) -> str:
    """Begin an upload; its id."""
    body = {
        "filename": "big.bin",
        "purpose": "vision",
        "bytes": size,
        "mime_type": "application/octet-stream",
        **more,
    }
    answer = http.post("/uploads", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def post_part(http: httpx.Client, upload: str, content: bytes) -> str:
    """Send a part; its id."""
    answer = http.post(f"/uploads/{upload}/parts", files={"data": ("part", content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def check_error(answer: httpx.Response, status: int, param: str | None = None) -> str:
    """The answer is an error in the API's shape; its message."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert answer.headers["x-request-id"].startswith("req_")
    return str(error["message"])
