"""Which type a server is, and what the manifest may ask of each, all without a network."""

from __future__ import annotations

import pytest

from filesync.core.content import document
from filesync.core.decide.desired import check_files
from filesync.core.manifest.parse import parse_manifest
from filesync.core.model import ScannedFile
from filesync.core.purposes import OUTPUT_PURPOSES, PURPOSES
from filesync.core.servers import (
    KNOWN_PURPOSES,
    SERVER_TYPES,
    Urls,
    is_output,
    same_server,
    server_type,
    with_path,
)

HEAD = "version: 1\nproject: p\n"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://us.api.openai.com/v1", "openai"),
        ("https://API.OpenAI.com./v1", "openai"),
        ("https://x.openai.azure.com/openai/v1", "azure"),
        ("https://x.services.ai.azure.com", "azure"),
        ("https://openai.example/v1", "compatible"),
        ("https://api.openai.com.example/v1", "compatible"),
        ("https://notapi.openai.com/v1", "compatible"),
        ("https://xopenai.azure.com/", "compatible"),
        ("http://127.0.0.1:8000/v1", "compatible"),
        ("emulator:api.openai.com", "compatible"),
        ("http://[", "compatible"),
    ],
)
def test_the_host_decides_if_nobody_else_does(url: str, name: str) -> None:
    assert server_type(None, url).name == name
    assert server_type("groq", url).name == "groq"


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://x.openai.azure.com", "https://x.openai.azure.com/openai/v1"),
        ("https://x.openai.azure.com/", "https://x.openai.azure.com/openai/v1"),
        ("https://x.openai.azure.com/openai/v1", "https://x.openai.azure.com/openai/v1"),
        ("https://gateway.example/azure", "https://gateway.example/azure"),
    ],
)
def test_azures_path_need_not_be_written(url: str, whole: str) -> None:
    assert with_path(SERVER_TYPES["azure"], url) == whole
    assert with_path(SERVER_TYPES["openai"], url) == url


def test_every_row_makes_sense() -> None:
    for name, one in SERVER_TYPES.items():
        assert one.name == name
        assert one.default_purpose in one.purposes
        for rule in one.purposes.values():
            assert rule.may_never_expire or rule.default_expires_after is not None
            if one.expiry is not None and rule.default_expires_after is not None:
                assert one.expiry[0] <= rule.default_expires_after <= one.expiry[1]
    assert list(SERVER_TYPES)[:3] == ["openai", "azure", "compatible"]
    assert KNOWN_PURPOSES[: len(PURPOSES)] == tuple(PURPOSES)


def test_what_nobody_can_upload_is_a_servers_own() -> None:
    assert not any(map(is_output, KNOWN_PURPOSES))
    assert all(map(is_output, OUTPUT_PURPOSES))
    assert is_output("reinforcement-output-v2")
    assert not is_output("")


def problems(text: str, urls: Urls | None = None, env: str | None = None) -> list[str]:
    found = parse_manifest(
        (HEAD + text).encode(), "M", env, urls=urls or Urls(None, "http://localhost/v1")
    )
    return [f"{one.where}: {one.message}" for one in found[1]]


@pytest.mark.parametrize(
    ("server", "entry", "wrong"),
    [
        ("openai", "purpose: user_data", None),
        ("openai", "purpose: ocr", "purpose: must be one of assistants, batch, fine-tune"),
        ("compatible", "purpose: ocr", "purpose: must be one of assistants, batch, fine-tune"),
        ("azure", "", None),
        ("azure", "purpose: user_data", "purpose: must be one of assistants, batch, fine-tune, e"),
        ("azure", "purpose: vision", "purpose: must be one of assistants, batch, fine-tune, e"),
        ("azure", "{purpose: batch, expires_after: never}", None),
        ("azure", "expires_after: 14d", None),
        ("azure", "expires_after: 30d", None),
        ("azure", "expires_after: 13d", "expires_after: must be 14d to 30d, or never"),
        ("azure", "expires_after: 1h", "expires_after: must be 14d to 30d, or never"),
        ("openai", "expires_after: 1h", None),
        ("openai", "{purpose: batch, expires_after: never}", "always expire: give 1h to 30d"),
        ("groq", "", None),
        ("groq", "purpose: batch", None),
        ("groq", "purpose: fine-tune", "purpose: must be one of batch on a server of type groq"),
        ("groq", "expires_after: 7d", "expires_after: must be never"),
        ("groq", "expires_after: never", None),
        ("mistral", "purpose: ocr", None),
        ("mistral", "purpose: user_data", "purpose: must be one of fine-tune, batch, ocr"),
        ("deepinfra", "", None),
        ("deepinfra", "expires_after: 30d", None),
        ("deepinfra", "expires_after: 7d", "expires_after: must be 30d, on a server of type"),
        ("deepinfra", "expires_after: never", "always expire: give 30d, or remove it for 30d"),
        ("moonshot", "purpose: file-extract", None),
    ],
)
def test_what_each_server_takes(server: str, entry: str, wrong: str | None) -> None:
    fields = entry.strip("{}")
    text = f"remote: {{type: {server}}}\n"
    found = problems(text + f"files: {{a: {{path: x, {fields}}}}}\n")
    in_defaults = problems(text + f"defaults: {{{fields}}}\nfiles: {{a: {{path: x}}}}\n")
    if wrong is None:
        assert found == in_defaults == []
    else:
        assert len(found) == len(in_defaults) == 1, (found, in_defaults)
        assert found[0].startswith("files.a.")
        assert wrong in found[0]


def test_the_rules_are_those_of_the_server_that_the_run_goes_to() -> None:
    text = "files: {a: {path: x, purpose: vision}}\n"
    azure = "https://x.openai.azure.com"
    assert problems(text) == []
    assert len(problems(text, Urls(azure, ""))) == 1
    assert len(problems(text, Urls(None, azure))) == 1
    assert len(problems(f"remote: {{base_url: '{azure}'}}\n" + text)) == 1
    assert problems(f"remote: {{base_url: '{azure}'}}\n" + text, Urls("http://localhost", "")) == []


def test_each_environment_goes_by_its_own_server() -> None:
    text = """\
remote: {type: azure, base_url: 'https://x.openai.azure.com'}
defaults: {expires_after: 20d}
environments:
  plain: {project: q, base_url: 'http://localhost/v1'}
  groq: {project: r, type: groq}
  same: {project: s}
files:
  a: {path: x, purpose: batch}
"""
    assert problems(text) == [
        "environments.groq: `defaults` does not fit here: expires_after must be never on a server "
        "of type groq in environment groq: it takes no expiry"
    ]
    parsed = {
        env: parse_manifest((HEAD + text).encode(), "M", env)[0].server_type
        for env in (None, "plain", "groq", "same")
    }
    assert parsed == {None: "azure", "plain": None, "groq": "groq", "same": "azure"}


def test_defaults_that_do_not_fit_an_environments_server_are_reported_there() -> None:
    text = """\
defaults: {purpose: user_data}
environments:
  azure: {project: q, type: azure, base_url: 'https://x.openai.azure.com'}
files:
  a: {path: x, purpose: batch}
"""
    assert problems(text) == [
        "environments.azure: `defaults` does not fit here: purpose must be one of assistants, "
        "batch, fine-tune, evals on a server of type azure in environment azure"
    ]


def scanned(count: int, size: int, server: str) -> list[ScannedFile]:
    text = HEAD + f"remote: {{type: {server}}}\nfiles: {{a: {{glob: '*'}}}}\n"
    manifest, _ = parse_manifest(text.encode(), "M")
    entry = manifest.entries[0]
    return [ScannedFile(entry, f"a/{i}", f"{i}", f"/{i}", size, 0, 0, i) for i in range(count)]


@pytest.mark.parametrize(
    ("server", "size", "wrong"),
    [
        ("groq", 100 * 2**20, 0),
        ("groq", 100 * 2**20 + 1, 1),
        ("deepinfra", 200 * 2**20 + 1, 1),
        ("xai", 50 * 2**20 + 1, 1),
        ("ogx", 100 * 2**20 + 1, 1),
        ("azure", 2**30, 0),
        ("openai", 2**30, 0),
    ],
)
def test_sizes_are_checked_by_the_servers_rules(server: str, size: int, wrong: int) -> None:
    (file,) = scanned(1, size, server)
    purpose = file.entry.policy.purpose
    name = "0.jsonl" if purpose == "batch" else "0.md"
    verdict = document.of_name(purpose, name, name, size, SERVER_TYPES[server])
    assert verdict.errors == wrong


def test_azure_keeps_few_files_without_an_expiry() -> None:
    azure = SERVER_TYPES["azure"]
    assert check_files(scanned(500, 1, "azure"), azure) == []
    assert "501 files that never expire" in check_files(scanned(501, 1, "azure"), azure)[0].message
    assert check_files(scanned(501, 1, "openai"), SERVER_TYPES["openai"]) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h/v1", "https://h/v1/", True),
        ("https://h/v1", "HTTPS://H:443/v1", True),
        ("http://h/v1", "http://h:80/v1", True),
        ("emulator:.e", "emulator:./.e/", True),
        ("http://h/v1", "https://h/v1", False),
        ("https://h/v1", "https://h/V1", False),
        ("https://h/v1", "https://h:8443/v1", False),
        ("https://h:bad/v1", "https://h/v1", False),
        ("emulator:a", "emulator:b", False),
    ],
)
def test_one_server_in_two_spellings(one: str, other: str, same: bool) -> None:
    assert same_server(one, other) is same
