"""250 files on a server of each type, which is more than two pages, and the wrong type on each."""

from __future__ import annotations

import pytest

from filesync.core.servers import SERVER_TYPES
from tests.cli.fake_api import FakeApi
from tests.cli.harness import CANARY, Project
from tests.servers.fakes import become
from tests.servers.story import converge

FILES = 250


@pytest.fixture
def on_azure(on_fake: Project) -> Project:
    on_fake.env["AZURE_OPENAI_API_KEY"] = CANARY
    on_fake.env["AZURE_OPENAI_ENDPOINT"] = on_fake.env["OPENAI_BASE_URL"]
    return on_fake


@pytest.mark.parametrize("name", SERVER_TYPES)
def test_a_project_converges_on_each_type(on_azure: Project, fake: FakeApi, name: str) -> None:
    become(fake, name)
    assert list(converge(on_azure, name, FILES))[-1] == "destroy: nothing is left"
    on_azure.check_no_key()


def test_purposes_that_only_another_type_has(on_fake: Project, fake: FakeApi) -> None:
    become(fake, "mistral")
    on_fake.write("scan.pdf", b"%PDF-1.7 ...")
    on_fake.manifest("remote: {type: mistral}\nfiles: {a: {path: scan.pdf, purpose: ocr}}")
    on_fake.run("validate")
    on_fake.run("apply", "-y")
    assert [file["purpose"] for file in fake.files.values()] == ["ocr"]


@pytest.mark.parametrize("name", ["mistral", "xai"])
def test_a_server_that_pages_in_another_way_deletes_nothing(
    on_fake: Project, fake: FakeApi, name: str
) -> None:
    for number in range(FILES):
        fake.add(f"{number}.txt")
    become(fake, name)
    on_fake.files("a")
    for command in (["plan"], ["apply", "-y"], ["ls"]):
        ran = on_fake.run(*command, code=1)
        assert "remote.type" in ran.err
    assert fake.writes == []
