"""TLS by the environment: the authorities to trust, and a certificate of our own to show."""

from __future__ import annotations

import os
import ssl

from filesync.errors import RemoteError
from filesync.remote.httpx_import import httpx

_CERT, _KEY = "SSL_CLIENT_CERT", "SSL_CLIENT_KEY"


def tls_context() -> ssl.SSLContext:
    """Return what TLS connections are made with.

    SSL_CERT_FILE or SSL_CERT_DIR name the authorities to trust in place of the usual ones.
    SSL_CLIENT_CERT is a PEM file with a certificate, and its key unless SSL_CLIENT_KEY has that.
    Raises RemoteError, which names the variable, for what cannot be used.
    """
    try:
        context = httpx.create_ssl_context(trust_env=True)
    except (ValueError, OSError):
        named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
        raise RemoteError(
            "the environment's certificate settings cannot be used",
            f"check {' and '.join(named) or 'SSL_CERT_FILE'}: it must name a readable PEM file",
        ) from None
    cert, key = os.environ.get(_CERT), os.environ.get(_KEY)
    if key and not cert:
        raise RemoteError(f"{_KEY} is set and {_CERT} is not", f"set {_CERT} to the certificate")
    if cert:
        _show(context, cert, key)
    return context


def _show(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    try:
        # Without a password given, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(cert, key or None, password="")
    except (ValueError, OSError) as error:  # an SSLError is an OSError
        missing = isinstance(error, FileNotFoundError)
        why = "there is no such file" if missing else "it is not a certificate with its key"
        where = f"{_CERT} and {_KEY}" if key else _CERT
        raise RemoteError(
            f"the client certificate of {where} cannot be used: {why}",
            "name PEM files; the key must have no password",
        ) from None
