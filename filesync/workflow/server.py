"""The server of a run: which one it is, and a connection to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.servers import COMPATIBLE, ServerType, Urls, server_type, with_path
from filesync.core.text import printable
from filesync.errors import FilesyncError

if TYPE_CHECKING:  # these cost time to import, and `filesync id` needs none of them
    from filesync.core.run import Run
    from filesync.remote.client import Reader, Writer
    from filesync.remote.endpoint import Endpoint
    from filesync.remote.timing import ClientSettings


_EMULATOR_NEEDS = ("httptools", "python_multipart", "starlette", "uvicorn")


@contextmanager
def emulated(folder: str, kind: ServerType, api_key: str) -> Iterator[str]:
    """Run the emulator on a folder; yields its base URL. FilesyncError if it cannot start.

    It takes only this key, and is like a server of the type, or like OpenAI's for a server that
    nobody described.
    """
    like = "openai" if kind is COMPATIBLE else kind.name
    with ExitStack() as stack:
        with emulator_installed():
            from filesync.emulator.server import embedded
        try:
            url = stack.enter_context(embedded(folder, api_key=api_key, settings={"type": like}))
        except OSError as error:
            raise cannot_serve(folder, error) from None
        yield url


@contextmanager
def emulator_installed() -> Iterator[None]:
    """Import the emulator in here: FilesyncError where what it needs is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EMULATOR_NEEDS:
            raise
        raise FilesyncError(
            f"the emulator needs the Python package {error.name}, which is not installed",
            "run `pip install 'openai-filesync[emulator]'`",
        ) from None


def cannot_serve(folder: str, error: OSError, port: int | None = None) -> FilesyncError:
    """Return the error for an emulator that did not start: because of its folder or its port."""
    from filesync.emulator.store import UnusableFolder

    if not isinstance(error, UnusableFolder):
        where = "loopback" if port is None else f"port {port}"
        because = error.strerror or str(error)
        return FilesyncError(
            f"the emulator cannot serve on {where}: {because}",
            "" if port is None else "choose another --port; 0 is any free one",
        )
    return FilesyncError(
        f"the emulator cannot keep its files in {printable(folder)}: {printable(str(error))}",
        "move the damaged files there away, and the emulator starts with empty ones"
        if error.damaged
        else "name another folder, one that can be written to",
    )


DEFAULT_BASE_URL = "https://api.openai.com/v1"


EMULATOR = "emulator:"


_UNPACED = 60_000_000  # a minute


class Server(NamedTuple):
    """Where the files are: the base URL as the lockfile records it, the embedded emulator's
    data folder if it is that, and the type of server."""

    base_url: str
    emulator_folder: str | None
    type: ServerType = COMPATIBLE


def urls_of(run: Run) -> Urls:
    """Return the base URLs that decide on the server of a run besides the manifest's."""
    return Urls(run.base_url, os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL)


def choose_server(run: Run, manifest_says: str | None, type_said: str | None = None) -> Server:
    """Choose the server by the contract's order: flag, manifest, environment, default.

    An emulator's folder is relative to the manifest's, wherever it is named.
    """
    from filesync.core.manifest.fields import parse_base_url

    if run.base_url:
        said, where = run.base_url, "--base-url"
    elif manifest_says:
        said, where = manifest_says, "remote.base_url"
    else:
        said, where = _environments_url(run, type_said)
    try:
        chosen = parse_base_url(said)
    except ValueError as error:
        raise FilesyncError(f"{where} {error}") from None
    kind = server_type(type_said, chosen)
    if not chosen.startswith(EMULATOR):
        return Server(with_path(kind, chosen), None, kind)
    folder = os.path.join(run.folder, os.path.expanduser(chosen.removeprefix(EMULATOR)))
    return Server(recorded_url(chosen, run.folder), os.path.normpath(folder), kind)


def recorded_url(base_url: str, folder: str) -> str:
    """Return a base URL as the lockfile in `folder` records it.

    An emulator's folder is never absolute there: a lockfile is committed, and other machines have
    other folders.
    """
    data = base_url.removeprefix(EMULATOR)
    if not base_url.startswith(EMULATOR) or not os.path.isabs(data):
        return base_url
    return f"{EMULATOR}{os.path.relpath(data, folder)}"


def _environments_url(run: Run, type_said: str | None) -> tuple[str, str]:
    """Return the base URL of a run for which neither flag nor manifest has one, and its source."""
    if type_said != "azure":
        return urls_of(run).fallback, "OPENAI_BASE_URL"
    if endpoint := os.environ.get("AZURE_OPENAI_ENDPOINT"):
        return endpoint, "AZURE_OPENAI_ENDPOINT"
    raise FilesyncError(
        "`remote.type` is azure, and nothing says which resource",
        "set AZURE_OPENAI_ENDPOINT, or `remote.base_url` to https://NAME.openai.azure.com",
    )


@contextmanager
def reader(
    server: Server,
    run: Run,
    *,
    requests_per_minute: float = 1000,
    settings: ClientSettings | None = None,
) -> Iterator[Reader]:
    """Connect for looking only: what this gives has no method that writes."""
    from filesync.remote.client import Reader

    pace = _pace(server, requests_per_minute)
    settings = _patience(run, settings)
    with (
        _endpoint(server, run, settings) as endpoint,
        Reader(endpoint, requests_per_minute=pace, settings=settings, server=server.type) as client,
    ):
        yield client


@contextmanager
def writer(
    server: Server,
    run: Run,
    *,
    requests_per_minute: float = 1000,
    settings: ClientSettings | None = None,
) -> Iterator[Writer]:
    """Connect for apply and destroy, the only two that write remotely."""
    from filesync.remote.client import Writer

    pace = _pace(server, requests_per_minute)
    settings = _patience(run, settings)
    with (
        _endpoint(server, run, settings) as endpoint,
        Writer(endpoint, requests_per_minute=pace, settings=settings, server=server.type) as client,
    ):
        yield client


def _patience(run: Run, settings: ClientSettings | None) -> ClientSettings:
    """Return the settings with what --timeout says of silence."""
    from dataclasses import replace

    from filesync.remote.timing import ClientSettings

    settings = settings or ClientSettings()
    if run.timeout is None:
        return settings
    return replace(
        settings,
        connect_timeout=min(settings.connect_timeout, run.timeout),
        quick_timeout=run.timeout,
        slow_timeout=run.timeout,
        # A whole silence and one more attempt must fit in before the server counts as down.
        dark=max(settings.dark, run.timeout + 10.0),
    )


def _environ(run: Run) -> Mapping[str, str]:
    """Return the environment, with the key that the run was given in place of its own."""
    if run.api_key is None:
        return os.environ
    key = run.api_key.reveal()
    return {**os.environ, "OPENAI_API_KEY": key, "AZURE_OPENAI_API_KEY": key}


@contextmanager
def _endpoint(server: Server, run: Run, settings: ClientSettings) -> Iterator[Endpoint]:
    from filesync.remote.credentials import ApiKey
    from filesync.remote.endpoint import Endpoint
    from filesync.remote.sign_in import sign_in

    if server.emulator_folder is None:
        yield sign_in(
            server.base_url,
            _environ(run),
            allow_insecure_http=run.allow_insecure_http,
            server=server.type,
            settings=settings,
        )
        return
    # Other programs of this machine reach its port, too. Your own key stays where it is.
    key = os.urandom(16).hex()
    with emulated(server.emulator_folder, server.type, key) as url:
        yield Endpoint(url, ApiKey(key))


def _pace(server: Server, requests_per_minute: float) -> float:
    """Return the pace to keep; our own emulator has no limit to stay under."""
    return _UNPACED if server.emulator_folder is not None else requests_per_minute
