"""The API key: where it goes, and that it comes back nowhere."""

from __future__ import annotations

import socket

import pytest

from tests.cli.fake_api import Answer, FakeApi, Request, error, serving
from tests.cli.harness import CANARY, Project, lock_up


def test_an_echo_of_the_key_is_not_shown(on_fake: Project, fake: FakeApi) -> None:
    """run() looks for the key in all that is printed, the fixture in all files."""
    lock_up(on_fake, fake, "a")
    on_fake.files("a", "b", "c")
    echo = f"Incorrect API key provided: {CANARY}. Authorization: Bearer {CANARY}"
    fake.on("GET", "/files", error(401, echo, x_request_id=f"req-{CANARY}"))
    for err in on_fake.all_refused(
        ["plan", "-v"], ["apply", "-y", "--json", "--verbose"], ["ls", "-v"]
    ):
        assert "Incorrect API key provided" in err
    fake.rules.clear()

    def refuse(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        assert request.headers["authorization"] == f"Bearer {CANARY}"
        if request.filename == "b.txt":
            return error(400, echo, x_request_id=CANARY)
        return Answer(418, f"<html>{CANARY}</html>".encode(), {"x-should-retry": "false"})

    fake.rule(refuse)
    ran = on_fake.run("apply", "-y", "--json", "--verbose", code=1)
    failed = {one["key"]: one["error"] for one in ran.json["failed"]}
    assert set(failed) == {"b", "c"}
    assert "Incorrect API key provided" in failed["b"]


def test_a_remote_name_that_holds_the_key(on_fake: Project, fake: FakeApi) -> None:
    file_id = fake.add(f"{CANARY}.txt")
    for ran in on_fake.run_all(["ls"], ["ls", "--json"], ["show", file_id]):
        assert file_id in ran.out


@pytest.mark.parametrize(
    "args",
    [
        ["show", CANARY],
        ["-m", f"{CANARY}.yaml", "plan"],
        ["id", CANARY],
        [CANARY],
        ["plan", f"--{CANARY}"],
        ["adopt", "a", CANARY],
        ["render", CANARY],
    ],
    ids=lambda args: args[0][:6],
)
def test_a_key_given_in_the_wrong_place_is_not_shown(
    on_fake: Project, fake: FakeApi, args: list[str]
) -> None:
    lock_up(on_fake, fake, "b")
    on_fake.files("a", "b")
    assert "***" in on_fake.run(*args, code=1).err  # run looks for the key itself


def test_a_redirect_is_not_followed(on_fake: Project, fake: FakeApi) -> None:
    lock_up(on_fake, fake, "a", "gone")
    on_fake.files("a", "new")
    with serving(FakeApi()) as thief:
        for status in (301, 302, 307, 308):
            fake.rules.clear()
            where = {"location": f"{thief.url}/files?key={CANARY}"}
            fake.on("GET", "/files", Answer(status, b"", where))
            err = on_fake.refused("apply", "-y", "--verbose")
            assert "redirect" in err
        assert fake.writes == []
        fake.rules.clear()
        fake.on("POST", "/files", Answer(307, b"", {"location": f"{thief.url}/files"}))
        on_fake.run("apply", "-y", code=1)
        assert thief.log == []


def test_plain_http_is_for_this_machine_alone(alone: Project) -> None:
    alone.files("a")
    hosts = (
        "http://api.example.com/v1",
        "http://192.0.2.1/v1",
        "http://127.0.0.1.example.com/v1",
        "http://localhost.example.com/v1",
        "http://[2001:db8::1]/v1",
        "HTTP://api.example.com/v1",
    )
    for err in alone.all_refused(*[["plan", "--base-url", url] for url in hosts]):
        assert "--allow-insecure-http" in err


def test_plain_http_on_request(tmp_path: object, alone: Project) -> None:
    """To an address of this machine that other machines reach as well."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no network")
        host = probe.getsockname()[0]
    if host.startswith("127."):
        pytest.skip("this machine has no network")
    with serving(FakeApi(), host) as fake:
        alone.files("a")
        env: dict[str, str | None] = {"OPENAI_BASE_URL": fake.url}
        commands = (["plan"], ["apply", "-y"], ["status"], ["ls"], ["destroy", "-y"])
        for ran in alone.run_all(*commands, code=1, env=env):
            assert "--allow-insecure-http" in ran.err
        assert fake.log == []
        alone.run("apply", "-y", "--allow-insecure-http", env=env)
        assert len(fake.files) == 1


@pytest.mark.parametrize("key", [f"{CANARY}\nX-Other: 1", f"{CANARY} x", f"{CANARY}é", "\x1b[31m"])
def test_a_key_that_is_none_is_not_shown(on_fake: Project, fake: FakeApi, key: str) -> None:
    on_fake.files("a")
    ran = on_fake.run("plan", "--verbose", code=1, env={"OPENAI_API_KEY": key})
    assert "OPENAI_API_KEY" in ran.err
    assert fake.log == []


def test_a_key_from_a_file_with_its_newline(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a")
    on_fake.run("plan", env={"OPENAI_API_KEY": f"{CANARY}\n"})
    assert fake.log[0].headers["authorization"] == f"Bearer {CANARY}"


def test_organization_and_project_are_sent(on_fake: Project, fake: FakeApi) -> None:
    on_fake.files("a")
    on_fake.run("plan", env={"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"})
    assert fake.log[0].headers["openai-organization"] == "org-1"
    assert fake.log[0].headers["openai-project"] == "proj-1"


@pytest.mark.parametrize(
    "url", ["https://user:s3cret@api.example.com/v1", "https://s3cret@api.example.com/v1"]
)
def test_a_password_in_the_base_url_is_not_shown(alone: Project, url: str) -> None:
    alone.files("a")
    assert "s3cret" not in alone.run("plan", "--base-url", url, code=1).err
    assert "s3cret" not in alone.run("apply", "-y", code=1, env={"OPENAI_BASE_URL": url}).err
    alone.files("a", rest=f"remote: {{base_url: '{url}'}}\n")
    assert "s3cret" not in alone.run("plan", code=1).err


def test_a_base_url_that_is_none(alone: Project) -> None:
    alone.files("a")
    urls = ("ftp://x/v1", "x", "http://", "https://h:99999/v1", "https://h/v1?a=b", "\x1b[31m")
    for err in alone.all_refused(*[["plan", "--base-url", url] for url in urls]):
        assert "base" in err
