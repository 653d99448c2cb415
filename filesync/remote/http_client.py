"""The HTTP client of one server: which proxy leads to it, and whom its TLS trusts."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import httpcore

from filesync.core.loopback import is_loopback
from filesync.core.text import quoted
from filesync.errors import RemoteError
from filesync.remote.deadline import DeadlineBackend
from filesync.remote.httpx_import import httpx
from filesync.remote.tls import tls_context


class Proxy(NamedTuple):
    """A proxy of the environment: its URL without a password, and what goes into its header."""

    url: str
    variable: str
    user: str
    password: str

    @property
    def host(self) -> str:
        """Return host and port, safe to print."""
        return urlsplit(self.url).netloc


def proxy_for(url: str, environ: Mapping[str, str | None] | None = None) -> Proxy | None:
    """Return the proxy that the environment names for a URL, None for none.

    Raises RemoteError, without the password, for one that cannot be used.
    """
    if is_loopback(url):
        return None  # a proxy has no business between us and this machine
    found = getproxies() if environ is None else environ
    scheme = urlsplit(url).scheme
    name = scheme if found.get(scheme) else "all"
    written = found.get(name)
    if not written or _goes_past(url, found.get("no") or ""):
        return None
    variable = f"{name.upper()}_PROXY"
    written = written if "://" in written else f"http://{written}"
    kind, _, rest = written.partition("://")
    # A password may have any character in it, as far as the last "@".
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    bare = f"{kind}://{place}".rstrip("/")
    try:
        parts = urlsplit(bare)
        usable = parts.hostname and parts.port != 0 and not (parts.path or parts.query)
    except ValueError:
        usable = False
    if not usable or kind.lower() not in ("http", "https"):
        raise RemoteError(
            f"the proxy that {variable} names cannot be used",
            f"set {variable} to http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT",
        )
    return Proxy(bare, variable, unquote(user), unquote(password))


def _goes_past(url: str, no_proxy: str) -> bool:
    """Say whether NO_PROXY names the host of `url`: by name, by address or by range."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for item in no_proxy.replace(",", " ").split():
        if item == "*":
            return True
        try:
            network = ipaddress.ip_network(item.strip("[]"), False)
        except ValueError:
            pass  # a name, perhaps with a port
        else:
            if address is not None and address in network:
                return True
            continue
        name, colon, its_port = item.lower().rpartition(":")
        if not (colon and its_port.isascii() and its_port.isdigit()):
            name, its_port = item.lower(), ""
        name = name.strip("[]").lstrip("*").lstrip(".")
        if its_port and int(its_port) != port:
            continue
        if name and (host == name or host.endswith(f".{name}")):
            return True
    return False


def opener(url: str, proxy: Proxy | None) -> Callable[[], httpx.HTTPTransport]:
    """Return what opens a transport to the server at `url`; RemoteError if that cannot work.

    All of them share one TLS context, since it takes milliseconds to make, and more with its
    certificates.
    """
    secure = any(one.startswith("https:") for one in (url, proxy.url if proxy else ""))
    try:
        httpx.URL(url)
        context = tls_context() if secure else httpx.create_ssl_context(verify=False)
    except httpx.InvalidURL as exc:
        raise RemoteError(f"the base URL {quoted(url)} cannot be used: {exc}") from None

    def connect() -> httpx.HTTPTransport:
        transport = httpx.HTTPTransport(verify=context, trust_env=False, proxy=_with_login(proxy))
        # httpx takes no backend of its own; httpcore, to which it hands this over, does.
        transport._pool._network_backend = DeadlineBackend()
        transport._pool = _OneConnection(transport._pool)  # type: ignore[assignment]
        return transport

    return connect


class _OneConnection:
    """In the place of httpcore's pool, for one request at a time: nothing to queue for or search.

    `pool` only says how to connect: directly, or by the proxy.
    """

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool
        self._connection: httpcore.ConnectionInterface | None = None

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request, over a new connection if the last one was closed by either side."""
        connection = self._connection
        if connection is None or not connection.is_available() or connection.has_expired():
            self.close()
            connection = self._connection = self._pool.create_connection(request.url.origin)
        return connection.handle_request(request)

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _with_login(proxy: Proxy | None) -> httpx.Proxy | None:
    if proxy is None:
        return None
    login = (proxy.user, proxy.password) if proxy.user or proxy.password else None
    return httpx.Proxy(proxy.url, auth=login)
