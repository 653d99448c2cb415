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
    """

    why: str
    hint: str = CHECK
    hopeless: bool = False
    rarely_heals: bool = False


def obstacle(
    error: BaseException, *, loopback: bool = False, proxy: str | None = None
) -> ConnectFailure:
    """Explain a connect error of the HTTP library; `why` has the words of the system.

    `proxy` is the variable that names the proxy, if it is the proxy that we connect to.
    """
    if unwanted := refused_certificate(error):
        return unwanted
    check = _check(proxy)
    match cause := _cause(error):
        case ssl.SSLCertVerificationError():
            because = getattr(cause, "verify_message", "") or _plain(cause)
            why = f"its certificate is not trusted, {because.rstrip('.')}"
            hint = _CERTIFICATE.get(getattr(cause, "verify_code", 0), _PRIVATE)
            return ConnectFailure(why, hint, hopeless=True)
        case ssl.SSLError() if not isinstance(cause, _MAY_HEAL):
            return ConnectFailure(f"TLS failed, {_plain(cause)}", _speaks_tls(proxy), hopeless=True)
        case socket.gaierror():
            # "Try again" is the error on a machine that is not on the network yet.
            known = cause.errno != socket.EAI_AGAIN
            return ConnectFailure(_plain(cause), check, rarely_heals=known)
        case ConnectionRefusedError() if loopback:
            hint = "start the server, or check base_url"
            return ConnectFailure(_plain(cause), hint, rarely_heals=True)
    return ConnectFailure(_plain(cause or error), check)


_PRIVATE = "for a private certificate authority set SSL_CERT_FILE"
_DATES = "its dates are wrong, or this machine's clock is: see whoever runs it"
_NAME = "it belongs to another host: check the name in the URL"
# By OpenSSL's codes, X509_V_ERR_*: not yet valid, expired; another host, another address.
_CERTIFICATE = {9: _DATES, 10: _DATES, 62: _NAME, 64: _NAME}


def refused_certificate(error: BaseException) -> ConnectFailure | None:
    """Explain an alert by which the other side asks for another certificate, or for one at all.

    With TLS 1.3 it comes once we have begun to send; nothing of the request is read then.
    """
    cause = _cause(error)
    if not isinstance(cause, ssl.SSLError):
        return None
    said = getattr(cause, "reason", None) or ""  # OpenSSL sets it, and only if it knows it
    if "_ALERT_" not in said or not ("CERTIFICATE" in said or "UNKNOWN_CA" in said):
        return None
    hint = "set SSL_CLIENT_CERT to a certificate that it accepts, and SSL_CLIENT_KEY to its key"
    return ConnectFailure(f"it does not take our certificate, {_plain(cause)}", hint, hopeless=True)


def no_connection(url: str, seconds: float, *, proxy: str | None = None) -> ConnectFailure:
    """Explain why there was no connection in so many seconds: nobody answers, or only TLS fails.

    `url` is what we connect to, and "" if that cannot be tried; `proxy` as for `obstacle`.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and _answers(parts.hostname or "", parts.port or 443):
        why = f"it takes connections, and answers no TLS in {seconds:g} s"
        return ConnectFailure(why, _speaks_tls(proxy), rarely_heals=True)
    return ConnectFailure(f"nobody answers in {seconds:g} s", _check(proxy))


def _check(proxy: str | None) -> str:
    return CHECK if proxy is None else check_proxy(proxy)


def _speaks_tls(proxy: str | None) -> str:
    return f"does it speak TLS? If not, {proxy or 'base_url'} begins with http://"


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
    return ConnectFailure(said, check_proxy(variable), hopeless=said.startswith("403"))


def check_proxy(variable: str) -> str:
    """Return the hint for a proxy that fails."""
    return f"check {variable}; NO_PROXY names the hosts that need no proxy"


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
