"""Sending one request and seeing it through: pace, attempts, and an error that says what is known.

The only module that uses httpx, which is slow to import: import this where a request is certain.

No exception that leaves here is chained to one of httpx, because those hold the request and
with it the key. That is why failures are put into a variable and raised after the `except`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

from filesync.core.text import human_bytes
from filesync.errors import AmbiguousError, ApiError, AuthError, FilesyncError, RemoteError
from filesync.remote import decode, failures
from filesync.remote.call import Call, Payload
from filesync.remote.connect_errors import ConnectFailure, obstacle
from filesync.remote.endpoint import Endpoint, is_loopback
from filesync.remote.httpx_import import httpx
from filesync.remote.pace import Pacer
from filesync.remote.retry import Failed, Outcome, Verdict, decide, http_date
from filesync.remote.timing import ClientSettings
from filesync.version import __version__

_CHUNK = 1 << 20
_SHORTEST_KEY = 8
_WORTH_TELLING = 2.0  # seconds of waiting, where there was an answer
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_log = logging.getLogger("filesync.http")
_T = TypeVar("_T")


class _Sending:
    """A payload on its way. `complete`: the connection took the last of it.

    Only then can the request have been carried out: its Content-Length is exact.
    """

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._payload
        # We come here when the connection asks for more, having handed over all before.
        self.complete = True


class Transport:
    """The connections to one endpoint and the pace they share; safe to use from many threads."""

    def __init__(
        self, endpoint: Endpoint, *, requests_per_minute: float, settings: ClientSettings
    ) -> None:
        self.settings = settings
        #: The server's clock minus ours in seconds, by its last answer with a Date; to 1 s.
        self.clock_offset: float | None = None
        self._endpoint = endpoint
        self._pacer = Pacer(requests_per_minute, settings)
        self._http = _client(endpoint)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def redact(self, text: str) -> str:
        """Return `text` without the key, should a server have echoed it."""
        for secret in self._endpoint.credentials.secrets():
            # A shorter one is not a secret but a placeholder, which may be part of any word.
            if len(secret) >= _SHORTEST_KEY:
                text = text.replace(secret, "***")
        return text

    def _redacted(self, body: bytes) -> bytes:
        for secret in self._endpoint.credentials.secrets():
            if len(secret) >= _SHORTEST_KEY:
                body = body.replace(secret.encode(), b"***")
        return body

    def json(self, call: Call, parse: Callable[[object], _T]) -> _T:
        """Make the call and return what `parse` reads from the JSON of the answer.

        `parse` raises BadAnswer for JSON that is not the API's. Raises ApiError, AuthError,
        RemoteError, AmbiguousError (kind ONCE only), Interrupted, and what the payload raises.
        """

        def attempt(number: int) -> _T:
            response = self._exchange(call, number)
            try:
                return parse(decode.parse_json(self._redacted(response.read())))
            except decode.BadAnswer as exc:
                reason = str(exc)
            except httpx.HTTPError:
                reason = "the answer broke off"
            finally:
                response.close()
            reason = failures.clean(reason, self.redact)
            request_id = failures.request_id(response.headers, self.redact)
            outcome = Outcome(response.status_code, garbled=True)
            raise Failed(outcome, reason + request_id, self._endpoint.guess)

        return self._persist(call, attempt)

    def stream(self, call: Call) -> Iterator[bytes]:
        """Make the call and yield the answer's bytes as they come, in chunks of 1 MiB.

        Retried until the first byte; after that a broken connection is a RemoteError.
        """
        response = self._persist(call, lambda number: self._exchange(call, number))
        received = 0
        try:
            for chunk in response.iter_bytes(_CHUNK):
                self.settings.check_stop()
                received += len(chunk)
                yield chunk
        except httpx.HTTPError:
            broken = True
        else:
            broken = False
        finally:
            response.close()
        if broken:
            raise RemoteError(
                f"could not {call.what}: it broke off after {human_bytes(received)}",
                "run the same command again",
            )

    def _persist(self, call: Call, attempt: Callable[[int], _T]) -> _T:
        """Return what `attempt` returns, however often it takes within the rules of retry."""
        waited = 0.0
        renewed = False
        for number in count(1):
            self._pacer.start()
            try:
                result = attempt(number)
            except Failed as exc:
                failed = exc
            else:
                self._pacer.recover()
                return result
            # A refused token did nothing, so any request can be sent again with a new one.
            if failed.outcome.status == 401 and not renewed:
                renewed = self._endpoint.credentials.renew()
                if renewed:
                    continue
            verdict, delay = decide(
                call.kind, failed.outcome, attempt=number, waited=waited, settings=self.settings
            )
            if verdict is not Verdict.RETRY:
                raise self._error(call, failed, verdict, number)
            self._tell_of_retry(failed, waited + delay)
            if failed.outcome.status == 429:
                self._pacer.hold(delay)
            self.settings.pause(delay)
            waited += delay
        raise AssertionError("count() ended")

    def _tell_of_retry(self, failed: Failed, waiting: float) -> None:
        """Log for people that it takes longer; `once` tells what they need not hear again."""
        status = failed.outcome.status
        if status is not None and waiting < _WORTH_TELLING:
            return
        host = urlsplit(self._endpoint.url).netloc
        told = "no answer" if status is None else "no good answer"
        once = {"once": f"{host} {status}"}
        _log.info("%s from %s (%s): trying again", told, host, failed.short, extra=once)

    def _exchange(self, call: Call, number: int) -> httpx.Response:
        """Send once; return the answer if it is a success, unread, or raise Failed."""
        sending = None if call.payload is None else _Sending(call.payload)
        request = self._request(call, sending)
        started = self.settings.monotonic()
        trouble: httpx.HTTPError | None = None
        try:
            response = self._http.send(request, stream=True)
        except httpx.HTTPError as exc:
            trouble = exc
        milliseconds = (self.settings.monotonic() - started) * 1000
        sent = sending is None or sending.complete
        if trouble is None:
            failed = None
            end = f"{response.status_code}{failures.request_id(response.headers, self.redact)}"
        else:
            failed = self._no_answer(call, trouble, sent)
            end = failed.reason
        _log.debug(
            "%s %s: %s, %.0f ms, attempt %d", call.method, call.path, end, milliseconds, number
        )
        if failed is not None:
            raise failed
        server_time = http_date(response.headers.get("date"))
        if server_time is not None:
            self.clock_offset = server_time - self.settings.wall_clock()
        if response.is_success:
            return response
        raise self._refusal(response, sent)

    def _request(self, call: Call, sending: _Sending | None) -> httpx.Request:
        headers = {**call.headers, **self._endpoint.credentials.headers()}
        if call.payload is not None:
            headers["Content-Type"] = call.payload.content_type
            headers["Content-Length"] = str(call.payload.size)
        return self._http.build_request(
            call.method,
            self._endpoint.url + call.path,
            params=call.params or None,
            headers=headers,
            content=sending,
            # No limit for the pool: it has a connection for every thread.
            timeout=httpx.Timeout(
                self._silence(call), connect=self.settings.connect_timeout, pool=None
            ),
        )

    def _silence(self, call: Call) -> float:
        return self.settings.slow_timeout if call.slow else self.settings.quick_timeout

    def _refusal(self, response: httpx.Response, sent: bool) -> Failed:
        try:
            body = response.read()
        except httpx.HTTPError:
            body = b""  # the status says enough
        finally:
            response.close()
        return failures.refusal(
            response.status_code,
            response.headers,
            body,
            sent=sent,
            redact=self.redact,
            wall_clock=self.settings.wall_clock,
        )

    def _no_answer(self, call: Call, trouble: httpx.HTTPError, sent: bool) -> Failed:
        """Return the failure that a connection's trouble means."""
        host = urlsplit(self._endpoint.url).netloc
        found = ConnectFailure("")
        short = ""
        match trouble:
            case httpx.ConnectTimeout():
                reason = f"no connection to {host} in {self.settings.connect_timeout:g} s"
                short = f"no connection in {self.settings.connect_timeout:g} s"
            case httpx.ConnectError() | httpx.ProxyError():
                found = obstacle(trouble)
                short = failures.clean(found.why, self.redact)
                reason = f"no connection to {host}: {short}"
            case httpx.TimeoutException():
                reason = f"nothing moved for {self._silence(call):g} s"
            case httpx.LocalProtocolError():
                reason = "the request is not valid HTTP"  # the detail may quote a header: the key
            case _:
                reason = f"the connection broke: {failures.clean(str(trouble), self.redact)}"
                short = "the connection broke"
        connected = not isinstance(trouble, _NOT_CONNECTED)
        outcome = Outcome(
            sent=sent and connected,
            # A LocalProtocolError is a request that we may not send at all.
            hopeless=found.hopeless or isinstance(trouble, httpx.LocalProtocolError),
            rarely_heals=found.rarely_heals,
        )
        return Failed(outcome, reason, "" if connected else found.hint, short=short)

    def _error(self, call: Call, failed: Failed, verdict: Verdict, attempts: int) -> FilesyncError:
        reason = failed.reason + (f", after {attempts} attempts" if attempts > 1 else "")
        if verdict is Verdict.AMBIGUOUS:
            return AmbiguousError(
                f"no clear answer to the request to {call.what}: {reason}; {call.doubt}",
                "look before it is sent again: `filesync ls` lists the files",
            )
        message = f"could not {call.what}: {reason}"
        outcome = failed.outcome
        if outcome.status is None or outcome.garbled:
            return RemoteError(message, failed.hint)
        hint = failed.hint
        if outcome.status == 404:
            hint = self._endpoint.guess
            if failed.web_page:
                # No API wrote this, so it must not pass for "there is no such file".
                return RemoteError(message, f"a web page answered: {hint or 'is base_url right?'}")
        error = AuthError if outcome.status in (401, 403) else ApiError
        return error(message, hint, status=outcome.status, code=outcome.code)


def _client(endpoint: Endpoint) -> httpx.Client:
    headers = {
        "User-Agent": f"filesync/{__version__}",
        "Accept": "application/json",
    }
    if endpoint.organization:
        headers["OpenAI-Organization"] = endpoint.organization
    if endpoint.project:
        headers["OpenAI-Project"] = endpoint.project
    try:
        httpx.URL(endpoint.url)
        return httpx.Client(
            headers=headers,
            # As many connections as there are threads; those bound their own number.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            follow_redirects=False,
            # A proxy of the environment has no business between us and this machine.
            trust_env=not is_loopback(endpoint.url),
        )
    except httpx.InvalidURL as exc:
        raise RemoteError(f"the base URL {endpoint.url} cannot be used: {exc}") from None
    except (ImportError, ValueError, OSError):
        # Their messages may show a proxy's password.
        raise RemoteError(
            "the environment's proxy or certificate settings cannot be used",
            "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY (http:// only) and SSL_CERT_FILE",
        ) from None
