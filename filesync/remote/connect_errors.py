"""Explain why a connection failed, and whether another attempt can help."""

from __future__ import annotations

import re
import socket
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

CHECK = "check base_url (--base-url, OPENAI_BASE_URL or the manifest's) and the network"

_PROBE_SECONDS = 2.0
_DEPTH = 8  # chains of exceptions can be circular
# Errors that may pass: the server closed the connection, for example because it is starting.
_MAY_HEAL = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
# An errno in front, and a place in Python's source at the end.
_NOISE = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")


class ConnectFailure(NamedTuple):
    """Why a connection failed, and what to do about it.

    hopeless      another attempt would fail in the same way
    rarely_heals  another attempt would most likely fail in the same way
    from_server   the cause is the API's server even where a proxy leads to it
    """

    why: str
    hint: str = CHECK
    hopeless: bool = False
    rarely_heals: bool = False
    from_server: bool = False


def obstacle(error: BaseException, *, loopback: bool = False) -> ConnectFailure:
    """Explain a connect error of the HTTP library; `why` has the words of the system."""
    match cause := _cause(error):
        case ssl.SSLCertVerificationError():
            because = getattr(cause, "verify_message", "") or _plain(cause)
            why = f"its certificate is not trusted, {because}"
            hint = "for a private certificate authority set SSL_CERT_FILE"
            return ConnectFailure(why, hint, hopeless=True, from_server=True)
        case ssl.SSLError() if not isinstance(cause, _MAY_HEAL):
            hint = "does that server speak TLS? If not, base_url begins with http://"
            return ConnectFailure(
                f"TLS failed, {_plain(cause)}", hint, hopeless=True, from_server=True
            )
        case socket.gaierror():
            # "Try again" is the error on a machine that is not on the network yet.
            known = cause.errno != socket.EAI_AGAIN
            return ConnectFailure(_plain(cause), rarely_heals=known)
        case ConnectionRefusedError() if loopback:
            hint = "start the server, or check base_url"
            return ConnectFailure(_plain(cause), hint, rarely_heals=True)
    return ConnectFailure(_plain(cause or error))


def no_connection(url: str, seconds: float) -> ConnectFailure:
    """Explain why there was no connection in so many seconds: nobody answers, or only TLS fails."""
    parts = urlsplit(url)
    if parts.scheme == "https" and _answers(parts.hostname or "", parts.port or 443):
        hint = "does that server speak TLS? If not, base_url begins with http://"
        why = f"it takes connections, and answers no TLS in {seconds:g} s"
        return ConnectFailure(why, hint, rarely_heals=True, from_server=True)
    return ConnectFailure(f"nobody answers in {seconds:g} s")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def refused_by_proxy(said: str, variable: str) -> ConnectFailure:
    """Return what a proxy's answer to CONNECT means; `said` is its status and words."""
    if said.startswith("407"):
        hint = f"set {variable} to http://USER:PASSWORD@HOST:PORT"
        return ConnectFailure(said, hint, hopeless=True)
    hint = f"check {variable}; NO_PROXY names the hosts that need no proxy"
    return ConnectFailure(said, hint, hopeless=said.startswith("403"))


def _cause(error: BaseException) -> OSError | None:
    """Return the system error that the library's errors wrap; TLS errors count as such."""
    at: BaseException | None = error
    for _ in range(_DEPTH):
        if at is None or isinstance(at, OSError):
            return at
        at = at.__cause__ or at.__context__
    return None


def _plain(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = _NOISE.sub("", said)
    # Lower case after a colon: "connection refused", but "SSL" and "IPv6" stay.
    return said[:1].lower() + said[1:] if said[1:2].islower() else said
