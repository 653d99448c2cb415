"""From the environment to an endpoint: which credentials a server gets, and which it must not.

A key goes only to the kind of server that its variable names, and a job's identity is exchanged
at OpenAI only for OpenAI's own servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filesync.core.loopback import is_loopback
from filesync.core.servers import COMPATIBLE, ServerType
from filesync.core.text import quoted
from filesync.errors import FilesyncError
from filesync.remote.credentials import ApiKey, Credentials, credential
from filesync.remote.endpoint import Endpoint, checked_url
from filesync.remote.timing import ClientSettings

if TYPE_CHECKING:
    from filesync.remote.token_exchange import SubjectToken

_PROVIDER, _ACCOUNT = "OPENAI_IDENTITY_PROVIDER_ID", "OPENAI_SERVICE_ACCOUNT_ID"
_TOKEN_FILE, _EXCHANGE = "OPENAI_SUBJECT_TOKEN_FILE", "OPENAI_TOKEN_EXCHANGE_URL"
_GITHUB_URL, _GITHUB_KEY = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"


def sign_in(
    url: str,
    environ: Mapping[str, str],
    *,
    allow_insecure_http: bool,
    server: ServerType = COMPATIBLE,
    settings: ClientSettings | None = None,
) -> Endpoint:
    """Return the endpoint at `url` with the credentials that its type of server takes.

    Raises FilesyncError for a URL or a credential that cannot be used, and for plain http to
    another machine unless `allow_insecure_http`; no message shows a credential.
    """
    url = checked_url(url)
    _refuse_plain(url, "the API key", allow_insecure_http)
    if server.key_header != "Authorization":
        return Endpoint(url, _azure(environ, server))
    found = _key_or_identity(environ, server, allow_insecure_http, settings or ClientSettings())
    return Endpoint(
        url,
        found,
        credential(environ, "OPENAI_ORG_ID"),
        credential(environ, "OPENAI_PROJECT_ID"),
    )


def _azure(environ: Mapping[str, str], server: ServerType) -> ApiKey:
    if key := credential(environ, "AZURE_OPENAI_API_KEY"):
        return ApiKey(key, server.key_header, "AZURE_OPENAI_API_KEY")
    if token := credential(environ, "AZURE_OPENAI_AD_TOKEN"):
        return ApiKey(token, source="AZURE_OPENAI_AD_TOKEN")
    raise FilesyncError(
        "neither AZURE_OPENAI_API_KEY nor AZURE_OPENAI_AD_TOKEN is set",
        "set one of them; OPENAI_API_KEY is not sent to Azure. "
        "To try filesync without a key or a network: --base-url emulator:DIR",
    )


def _key_or_identity(
    environ: Mapping[str, str],
    server: ServerType,
    allow_insecure_http: bool,
    settings: ClientSettings,
) -> Credentials:
    key = credential(environ, "OPENAI_API_KEY")
    if key is not None:
        return ApiKey(key)
    provider, account = credential(environ, _PROVIDER), credential(environ, _ACCOUNT)
    if provider is None and account is None:
        raise FilesyncError(
            "OPENAI_API_KEY is not set",
            "set it, or try filesync without a key or a network: --base-url emulator:DIR",
        )
    if provider is None or account is None:
        given, missing = (_PROVIDER, _ACCOUNT) if account is None else (_ACCOUNT, _PROVIDER)
        raise FilesyncError(
            f"{given} is set and {missing} is not",
            "set both to sign in with the job's identity, or set OPENAI_API_KEY",
        )
    # These import the HTTP library, and most runs have a key.
    from filesync.remote import token_exchange

    url = environ.get(_EXCHANGE, "").strip()
    if not url:
        if server.name != "openai":
            raise FilesyncError(
                f"OPENAI_API_KEY is not set, and a token of OpenAI's is not for a server of type "
                f"{server.name}",
                f"set {_EXCHANGE} if this server takes the job's identity, or set OPENAI_API_KEY",
            )
        url = token_exchange.EXCHANGE_URL
    return token_exchange.ExchangedToken(
        _subject(environ, allow_insecure_http, settings),
        token_exchange.Identity(provider, account),
        _usable(url, _EXCHANGE, allow_insecure_http),
        settings,
    )


def _subject(
    environ: Mapping[str, str], allow_insecure_http: bool, settings: ClientSettings
) -> SubjectToken:
    from filesync.remote import token_exchange

    if path := environ.get(_TOKEN_FILE):
        return token_exchange.TokenFile(path)
    url, key = environ.get(_GITHUB_URL, "").strip(), credential(environ, _GITHUB_KEY)
    if url and key:
        url = _usable(url, _GITHUB_URL, allow_insecure_http)
        return token_exchange.github_token(url, key, settings)
    raise FilesyncError(
        f"{_PROVIDER} is set, and this job has no identity to sign in with",
        f"on GitHub give the job `permissions: id-token: write`; elsewhere set {_TOKEN_FILE}, "
        "or set OPENAI_API_KEY",
    )


def _usable(url: str, name: str, allow_insecure_http: bool) -> str:
    """Return the URL in a variable if a secret can be sent there; it may have a query."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in url or not url.isascii() or not url.isprintable() or " " in url:
        raise FilesyncError(f"{name} is not a URL", "it should begin with https://")
    _refuse_plain(url, "the job's identity", allow_insecure_http)
    return url


def _refuse_plain(url: str, secret: str, allow_insecure_http: bool) -> None:
    if urlsplit(url).scheme == "http" and not is_loopback(url) and not allow_insecure_http:
        raise FilesyncError(
            f"{quoted(url)} is plain http: {secret} would be readable on the way",
            "use https, or pass --allow-insecure-http if that network is yours",
        )
