"""TLS on real sockets: private authorities, client certificates, and what goes wrong."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filesync.errors import RemoteError
from tests.remote.helpers import fast, serving, writer

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
    """Serve an empty listing over TLS; with `asks` only to clients with a certificate."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": [], "has_more": False}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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


def listed(url: str, connect_timeout: float = 5.0) -> list[object]:
    with writer(url, fast(connect_timeout=connect_timeout)) as client:
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
        with pytest.raises(RemoteError):
            listed(url)
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
