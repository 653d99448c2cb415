"""The fixture for the tests of others."""

from __future__ import annotations

import urllib.error

import openai
import pytest

from filesync.testing import plugin


@pytest.fixture(name="emulator")
def _emulator(request: pytest.FixtureRequest) -> plugin.Emulator:
    """The fixture by its name where the plugin is installed, as users have it."""
    if not request.config.pluginmanager.has_plugin("filesync"):
        pytest.skip("the pytest plugin is not installed: run `pip install -e .` again")
    found: plugin.Emulator = request.getfixturevalue("filesync_emulator")
    return found


def test_a_server_with_a_key_of_its_own_and_settings(emulator: plugin.Emulator) -> None:
    with openai.OpenAI(base_url=emulator.url, api_key=emulator.key, max_retries=0) as client:
        file = client.files.create(file=("a.txt", b"x"), purpose="user_data")
        assert emulator.set(stuck=["a*"])["stuck"] == ["a*"]
        store = client.vector_stores.create(file_ids=[file.id])
        assert client.vector_stores.retrieve(store.id).status == "in_progress"
    with (
        openai.OpenAI(base_url=emulator.url, api_key="sk-other", max_retries=0) as other,
        pytest.raises(openai.AuthenticationError),
    ):
        other.files.list()
    with pytest.raises(urllib.error.HTTPError):
        emulator.set(unknown=1)


def test_like_another_server(emulator: plugin.Emulator) -> None:
    groq = emulator.like("groq")
    assert groq.url.endswith("/openai/v1")
    with openai.OpenAI(base_url=groq.url, api_key=groq.key, max_retries=0) as client:
        assert client.files.list().data == []
        with pytest.raises(openai.NotFoundError):
            client.vector_stores.list()
    assert groq.set()["type"] == "groq"
