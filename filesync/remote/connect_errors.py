"""Why a server could not be connected to, in words, and whether it is any use to try again."""

from __future__ import annotations

import re
import socket
import ssl
from typing import NamedTuple

CHECK = "check base_url (--base-url, OPENAI_BASE_URL or the manifest's) and the network"

_DEPTH = 8  # chains of exceptions can be rings
# What may yet come right: the other end hung up, as one does that is just starting.
_MAY_HEAL = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
# An errno in front, and behind the place in Python's own source.
_NOISE = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")


class ConnectFailure(NamedTuple):
    """What stands in the way, and what to do about it.

    hopeless      it would be the same again
    rarely_heals  most likely it would
    """

    why: str
    hint: str = CHECK
    hopeless: bool = False
    rarely_heals: bool = False


def obstacle(error: BaseException) -> ConnectFailure:
    """Return what the HTTP library's error at connecting means; `why` is as the system says it."""
    match cause := _cause(error):
        case ssl.SSLCertVerificationError():
            because = getattr(cause, "verify_message", "") or _plain(cause)
            why = f"its certificate is not trusted, {because}"
            hint = "for a private certificate authority set SSL_CERT_FILE"
            return ConnectFailure(why, hint, hopeless=True)
        case ssl.SSLError() if not isinstance(cause, _MAY_HEAL):
            hint = "does that server speak TLS? If not, base_url begins with http://"
            return ConnectFailure(f"TLS failed, {_plain(cause)}", hint, hopeless=True)
        case socket.gaierror():
            # "Try again" is what a machine hears that is not on the network yet.
            known = cause.errno != socket.EAI_AGAIN
            return ConnectFailure(_plain(cause), rarely_heals=known)
    return ConnectFailure(_plain(cause or error))


def _cause(error: BaseException) -> OSError | None:
    """Return the system's error at the bottom of the libraries'; TLS's are of that kind, too."""
    at: BaseException | None = error
    for _ in range(_DEPTH):
        if at is None or isinstance(at, OSError):
            return at
        at = at.__cause__ or at.__context__
    return None


def _plain(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = _NOISE.sub("", said)
    # "Connection refused", to stand after a colon; but not "SSL", "IPv6".
    return said[:1].lower() + said[1:] if said[1:2].islower() else said
