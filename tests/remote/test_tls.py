"""TLS on real sockets: private authorities, client certificates, and what goes wrong."""

from __future__ import annotations

import http.server
import json
import logging
import select
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from filesync.errors import RemoteError
from tests.remote.helpers import (
    Conversation,
    FakeTime,
    HangUp,
    Script,
    fast,
    hang_up,
    reply,
    serving,
    writer,
)

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="makes its certificates with openssl")


class Certificates:
    """A private authority, and what it has signed for localhost and for a client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._openssl("req", "-x509", "-nodes", *self._new("ca"), "-subj", "/CN=private ca")
        for name in ("server", "client"):
            self._openssl("req", "-nodes", *self._new(name), "-subj", f"/CN={name}")
            names = folder / "names"
            names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
            signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
            self._openssl("x509", "-req", "-in", f"{name}.pem", *signed, "-out", f"{name}.pem")

    def _new(self, name: str) -> list[str]:
        return ["-newkey", "rsa:2048", "-keyout", f"{name}.key", "-out", f"{name}.pem"]

    def _openssl(self, *args: str) -> None:
        subprocess.run([OPENSSL or "", *args], cwd=self.folder, check=True, capture_output=True)

    def path(self, name: str) -> str:
        return str(self.folder / name)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@contextmanager
def tls_server(certificates: Certificates, *, asks: bool = False) -> Iterator[str]:
    """Serve an empty listing over TLS; with `asks` only to clients with a certificate.

    Used as a proxy, it refuses every tunnel.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": [], "has_more": False}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self) -> None:
            self.send_error(403)

        def log_message(self, *_args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_args: object) -> None:
            pass  # clients that break off are what is tested

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
    if asks:
        context.load_verify_locations(certificates.path("ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def listed(url: str, time: FakeTime | None = None, connect_timeout: float = 5.0) -> list[object]:
    with writer(url, fast(time, connect_timeout=connect_timeout)) as client:
        return list(client.list_files())


def test_a_private_authority_also_on_loopback(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(certificates) as url:
        with pytest.raises(RemoteError, match="certificate") as caught:
            listed(url)
        assert "SSL_CERT_FILE" in caught.value.hint
        monkeypatch.setenv("SSL_CERT_FILE", certificates.path("ca.pem"))
        assert listed(url) == []


def test_a_client_certificate(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificates.path("ca.pem"))
    with tls_server(certificates, asks=True) as url:
        time = FakeTime()
        with pytest.raises(RemoteError, match="does not take our certificate") as caught:
            listed(url, time)
        assert "SSL_CLIENT_CERT" in caught.value.hint
        assert time.naps == []  # another attempt would end in the same way
        monkeypatch.setenv("SSL_CLIENT_CERT", certificates.path("client.pem"))
        monkeypatch.setenv("SSL_CLIENT_KEY", certificates.path("client.key"))
        assert listed(url) == []
        both = tmp_path / "both.pem"
        texts = [Path(certificates.path(name)).read_text() for name in ("client.key", "client.pem")]
        both.write_text("".join(texts))
        monkeypatch.setenv("SSL_CLIENT_CERT", str(both))
        monkeypatch.delenv("SSL_CLIENT_KEY")
        assert listed(url) == []


@pytest.mark.parametrize(
    ("cert", "key", "names"),
    [
        ("nowhere.pem", None, "SSL_CLIENT_CERT cannot be used: there is no such file"),
        ("client.pem", None, "SSL_CLIENT_CERT cannot be used"),  # without its key
        ("client.pem", "server.key", "SSL_CLIENT_CERT and SSL_CLIENT_KEY cannot be used"),
        (None, "client.key", "SSL_CLIENT_KEY is set and SSL_CLIENT_CERT is not"),
    ],
)
def test_a_client_certificate_that_cannot_be_used(
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    cert: str | None,
    key: str | None,
    names: str,
) -> None:
    for variable, name in (("SSL_CLIENT_CERT", cert), ("SSL_CLIENT_KEY", key)):
        if name is not None:
            monkeypatch.setenv(variable, certificates.path(name))
    with pytest.raises(RemoteError, match=names):
        listed("https://localhost:1/v1")


def test_tls_on_a_plain_port_that_waits_for_a_request() -> None:
    with serving() as plain, pytest.raises(RemoteError) as caught:
        listed(plain.url.replace("http://127.0.0.1", "https://localhost"), connect_timeout=0.2)
    assert "no connection to localhost" in caught.value.message
    assert "takes connections, and answers no TLS in 0.2 s" in caught.value.message
    assert "base_url begins with http://" in caught.value.hint


@contextmanager
def plain_server() -> Iterator[str]:
    """Answer whatever comes with an error in plain HTTP."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://localhost:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def test_tls_on_a_plain_port() -> None:
    with plain_server() as url, pytest.raises(RemoteError) as caught:
        listed(url)
    assert "no connection to localhost" in caught.value.message
    assert "TLS" in caught.value.message
    assert "base_url begins with http://" in caught.value.hint


def test_plain_http_to_a_tls_port(certificates: Certificates) -> None:
    with tls_server(certificates) as url, pytest.raises(RemoteError) as caught:
        listed(url.replace("https:", "http:"))
    assert "base_url begins with https://" in caught.value.hint


def tunnel(to: str) -> Script:
    """Be a proxy that leads every request to one server."""

    def script(talk: Conversation) -> None:
        with socket.create_connection(("localhost", urlsplit(to).port or 0)) as server:
            talk.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = {talk.connection: server, server: talk.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    ends[end].sendall(data)

    return script


def garbage(talk: Conversation) -> None:
    """Speak another protocol than HTTP."""
    talk.connection.sendall(b"SSH-2.0-OpenSSH\r\n")
    raise HangUp


API = "https://files.example/v1"
PROXY = "HTTPS_PROXY"


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the proxy of the environment."""
    for name in ("ALL_PROXY", "NO_PROXY", "HTTP_PROXY"):
        for variable in (name, name.lower()):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv(PROXY.lower(), raising=False)
    return lambda url: monkeypatch.setenv(PROXY, url.removesuffix("/v1"))


def refusal(url: str = API) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        listed(url)
    return caught.value


@pytest.mark.parametrize(
    ("script", "says", "hint"),
    [
        (reply(407), "refused: 407", "HTTPS_PROXY to http://USER:PASSWORD@"),
        (reply(403), "refused: 403", "check HTTPS_PROXY"),
        (reply(502), "refused: 502", "check HTTPS_PROXY"),
        (hang_up, "broke", "check HTTPS_PROXY"),
        (garbage, "broke", "check HTTPS_PROXY"),
    ],
)
def test_what_goes_wrong_at_a_proxy_is_not_blamed_on_the_server(
    proxied: Callable[[str], None],
    script: Script,
    says: str,
    hint: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with serving(*[script] * 30) as proxy:
        proxied(proxy.url)
        error = refusal()
    at = f"proxy {urlsplit(proxy.url).netloc} (HTTPS_PROXY)"
    assert at in error.message
    assert says in error.message
    assert hint in error.hint
    assert "files.example" not in error.message + caplog.text


def test_a_proxy_that_is_down(proxied: Callable[[str], None]) -> None:
    proxied("http://user:canary@localhost:9")
    error = refusal()
    assert "proxy localhost:9 (HTTPS_PROXY): connection refused" in error.message
    assert "check HTTPS_PROXY" in error.hint
    assert "canary" not in error.message + error.hint


def test_a_certificate_of_a_proxy_and_one_of_the_server(
    certificates: Certificates, proxied: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(certificates) as secure:
        proxied(secure)
        error = refusal()
        assert "proxy localhost" in error.message
        assert "not trusted" in error.message
        monkeypatch.setenv("SSL_CERT_FILE", certificates.path("ca.pem"))
        assert "refused: 403" in refusal().message
        with serving(tunnel(secure)) as proxy:
            proxied(proxy.url)
            error = refusal()
    assert "no connection to files.example: its certificate is not trusted" in error.message
    assert "another host" in error.hint
    assert "proxy" not in error.message


def test_a_proxy_that_does_not_speak_tls(proxied: Callable[[str], None]) -> None:
    with plain_server() as url:
        proxied(url)
        error = refusal()
    assert "no connection to the proxy localhost" in error.message
    assert "HTTPS_PROXY begins with http://" in error.hint


def test_a_proxy_for_plain_http_that_wants_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(reply(407)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        error = refusal("http://files.example/v1")
    assert f"proxy {urlsplit(proxy.url).netloc} (HTTP_PROXY)" in error.message
    assert "HTTP_PROXY to http://USER:PASSWORD@" in error.hint
