"""Sending one request and seeing it through: pace, attempts, and an error that says what is known.

The only module that uses httpx, which is slow to import: import this where a request is certain.

No exception that leaves here is chained to one of httpx, because those hold the request and
with it the key. That is why failures are put into a variable and raised after the `except`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

from filesync.core.commands import command
from filesync.core.loopback import is_loopback
from filesync.core.text import human_bytes
from filesync.errors import (
    GONE,
    AmbiguousError,
    ApiError,
    AuthError,
    FilesyncError,
    NoSuchRoute,
    RemoteError,
)
from filesync.remote import answers, decode, failures, redact
from filesync.remote.call import Call
from filesync.remote.connect_errors import (
    ConnectFailure,
    check_proxy,
    no_connection,
    obstacle,
    refused_by_proxy,
    refused_certificate,
)
from filesync.remote.connections import Connections
from filesync.remote.deadline import at_first_hop, begin, within
from filesync.remote.endpoint import Endpoint
from filesync.remote.form_body import SMALL
from filesync.remote.http_client import Proxy, opener, proxy_for
from filesync.remote.httpx_import import httpx
from filesync.remote.pace import Pacer
from filesync.remote.retry import NO_QUOTA, Failed, Outcome, Verdict, decide, http_date
from filesync.remote.timing import ClientSettings
from filesync.version import __version__

_CHUNK = 1 << 20
# A download that brings less than this is not slow but stuck, however steadily it trickles.
_FLOW_SECONDS, _FLOW_BYTES = 60.0, 60_000
_LEAST_SILENCE = 8.0  # seconds that an attempt has, however long others have been in vain
_FRESH = 1.0  # seconds for which a body that was read ahead is what it was
_WORTH_TELLING = 2.0  # seconds of waiting, where there was an answer
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_NOT_THE_API = "check that base_url is an API like OpenAI's; if so, ask whoever runs that server"

_log = logging.getLogger("filesync.http")
_T = TypeVar("_T")


class _Sending:
    """A payload on its way. `complete`: the connection took the last of it.

    Only then can the request have been carried out: its Content-Length is exact.
    """

    def __init__(self, chunks: Iterable[bytes], answer_within: float) -> None:
        self._chunks = chunks
        self._answer_within = answer_within
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        # We come here when the connection asks for more, having handed over all before.
        self.complete = True
        within(self._answer_within)


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
        self._proxy = proxy_for(endpoint.url)
        self._http = _connections(endpoint, self._proxy)
        self._patience = _Patience(settings)
        self._at_once = (
            nullcontext() if settings.at_once is None else threading.Semaphore(settings.at_once)
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @property
    def retries(self) -> int:
        """Return how many requests were sent again so far."""
        return self._patience.waits

    def redact(self, text: str) -> str:
        """Return `text` without the key, should a server have echoed it."""
        for secret in self._endpoint.credentials.secrets():
            text = redact.without(secret, text)
        return text

    def _redacted(self, body: bytes) -> bytes:
        for secret in self._endpoint.credentials.secrets():
            body = redact.plainly(secret, body)
        return body

    def json(self, call: Call, parse: Callable[[object], _T]) -> _T:
        """Make the call and return what `parse` reads from the JSON of the answer.

        `parse` raises BadAnswer for JSON that is not the API's. Raises ApiError, AuthError,
        RemoteError, AmbiguousError (kind ONCE only), Interrupted, and what the payload raises.
        """
        return self.json_and_headers(call, lambda raw, _: parse(raw))

    def json_and_headers(self, call: Call, parse: Callable[[object, Mapping[str, str]], _T]) -> _T:
        """Do what `json` does, where `parse` reads from the answer's headers as well."""

        def attempt(number: int) -> _T:
            with self._turn(call) as chunks:
                return self._parsed(self._exchange(call, chunks, number), call, parse)

        return self._persist(call, attempt)

    def _parsed(
        self,
        response: httpx.Response,
        call: Call,
        parse: Callable[[object, Mapping[str, str]], _T],
    ) -> _T:
        """Read an answer and return what `parse` makes of it, or raise Failed."""
        within(self.settings.read_timeout)
        whole = told = False
        try:
            body = answers.read(_pieces(response), call.most_bytes)
            done = response.status_code == 204 and call.method != "GET"
            raw = {} if done else call.read(self._redacted(body))
            whole = True
            told = failures.is_error(raw)
            return parse(raw, response.headers)
        except decode.BadAnswer as exc:
            reason = failures.message_of(raw) if told else str(exc)
        except httpx.TimeoutException:
            reason = f"no whole answer in {self.settings.read_timeout:g} s"
        except httpx.HTTPError:
            reason = "the answer broke off"
        finally:
            response.close()
        reason = failures.clean(reason, self.redact)
        request_id = failures.request_id(response.headers, self.redact)
        if told:
            reason = f"HTTP {response.status_code} with an error: {reason}"
        # JSON that is whole and not the API's is what the server means to say.
        outcome = Outcome(response.status_code, garbled=True, told=told, rarely_heals=whole)
        hint = "" if told else self._endpoint.guess or _NOT_THE_API
        raise Failed(outcome, reason + request_id, hint)

    def stream(self, call: Call, expected: int | None = None) -> Iterator[bytes]:
        """Make the call and yield the answer's bytes as they come, in chunks of 1 MiB.

        Retried until the first byte; after that a broken connection is a RemoteError, and so is
        an end before `expected` bytes where the answer itself does not say how long it is.
        """
        response = self._persist(call, lambda number: self._exchange(call, None, number))
        within(None)
        headers = response.headers
        framed = "content-length" in headers or "transfer-encoding" in headers
        received, waiting = 0, bytearray()
        why = ""
        try:
            for piece in self._flowing(_pieces(response)):
                received += len(piece)
                waiting += piece
                while len(waiting) >= _CHUNK:
                    yield bytes(waiting[:_CHUNK])
                    del waiting[:_CHUNK]
            if expected is not None and received < expected and not framed:
                why = f"it ended after {received:,} of {expected:,} bytes"
            elif waiting:
                yield bytes(waiting)
        except httpx.HTTPError:
            why = f"it broke off after {human_bytes(received)}"
        except decode.BadAnswer as exc:
            why = str(exc)
        finally:
            response.close()
        if why:
            raise RemoteError(f"could not {call.what}: {why}", "run the same command again")

    def _flowing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces for as long as they come at a pace that leads somewhere."""
        since, count = self.settings.monotonic(), 0
        for piece in pieces:
            self.settings.check_stop()
            yield piece
            count += len(piece)
            now = self.settings.monotonic()
            if now - since > _FLOW_SECONDS:
                if count < _FLOW_BYTES:
                    raise decode.BadAnswer(f"only {human_bytes(count)} came in {now - since:.0f} s")
                since, count = now, 0

    def _persist(self, call: Call, attempt: Callable[[int], _T]) -> _T:
        """Return what `attempt` returns, however often it takes within the rules of retry."""
        waiting = 0.0
        renewed = False
        for number in count(1):
            self._pacer.start()
            self._check_may_write(call)
            began = self.settings.monotonic()
            try:
                result = attempt(number)
            except Failed as exc:
                failed = exc
            else:
                self._pacer.accepted()
                self._patience.restore()
                return result
            finally:
                within(None)
            # A refused token did nothing, so any request can be sent again with a new one.
            if failed.outcome.status == 401 and not renewed:
                renewed = self._endpoint.credentials.renew()
                if renewed:
                    continue
            outcome = failed.outcome
            silent = outcome.status is None and not call.slow
            waited = self._patience.spent(
                refused=outcome.status in (409, 429),
                since=began if silent else self.settings.monotonic(),
            )
            verdict, delay = decide(
                call.kind, outcome, attempt=number, waited=waited, settings=self.settings
            )
            if outcome.status == 429:
                self._pacer.refused(delay)
            if verdict is not Verdict.RETRY:
                raise self._error(call, failed, verdict, number)
            waiting += delay
            self._tell_of_retry(failed, waiting, delay)
            self._patience.wait(delay)
        raise AssertionError("count() ended")

    def _tell_of_retry(self, failed: Failed, waiting: float, delay: float) -> None:
        """Log for people that it takes longer; `once` tells what they need not hear again, and
        `delay` how many seconds it is until the request is sent again."""
        status = failed.outcome.status
        if status is not None and waiting < _WORTH_TELLING:
            return
        host = failed.party or urlsplit(self._endpoint.url).netloc
        told = "no answer" if status is None else "no good answer"
        extra = {"once": f"{host} {status}", "delay": delay}
        _log.info("%s from %s (%s): trying again", told, host, failed.short, extra=extra)

    @contextmanager
    def _turn(self, call: Call) -> Iterator[Iterable[bytes] | None]:
        """Wait until one more request may be under way; yield the chunks of its body.

        A small body is read before, while other requests wait for their answers.
        """
        chunks, since = _read_ahead(call), self.settings.monotonic()
        with self._at_once:
            self.settings.check_stop()
            if self.settings.monotonic() - since > _FRESH:
                # What was checked and written down before it is sent is so when it is sent.
                self._check_may_write(call)
                chunks = _read_ahead(call)
            yield chunks

    def _check_may_write(self, call: Call) -> None:
        if call.method != "GET":
            self.settings.may_write()

    def _exchange(self, call: Call, chunks: Iterable[bytes] | None, number: int) -> httpx.Response:
        """Send once; return the answer if it is a success, unread, or raise Failed."""
        silence = self._silence(call)
        sending = None if chunks is None else _Sending(chunks, silence)
        within(silence if sending is None else None)
        started = self.settings.monotonic()
        trouble: httpx.HTTPError | None = None
        try:
            begin()
            response = self._send(call, sending, silence)
        except httpx.HTTPError as exc:
            trouble = exc
        milliseconds = (self.settings.monotonic() - started) * 1000
        sent = sending is None or sending.complete
        if trouble is None:
            failed = None
            end = f"{response.status_code}{failures.request_id(response.headers, self.redact)}"
        else:
            failed = self._no_answer(trouble, silence, sent)
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

    def _send(self, call: Call, sending: _Sending | None, silence: float) -> httpx.Response:
        headers = {**call.headers, **self._endpoint.credentials.headers()}
        if call.payload is not None:
            headers["Content-Type"] = call.payload.content_type
            headers["Content-Length"] = str(call.payload.size)
        return self._http.send(
            call.method,
            self._endpoint.url + call.path,
            params=call.params,
            headers=headers,
            content=sending,
            timeout={"connect": self.settings.connect_timeout, "read": silence, "write": silence},
        )

    def _silence(self, call: Call) -> float:
        """Return how long the server may be silent: less once it has been so before."""
        if call.slow:
            return self.settings.slow_timeout
        return min(self.settings.quick_timeout, max(self._patience.left(), _LEAST_SILENCE))

    def _refusal(self, response: httpx.Response, sent: bool) -> Failed:
        within(self.settings.error_timeout)
        try:
            body = answers.read_start(_pieces(response), answers.MOST_ERROR)
        except httpx.HTTPError:
            body = b""  # the status says enough
        finally:
            response.close()
        failed = failures.refusal(
            response.status_code,
            response.headers,
            body,
            sent=sent,
            redact=self.redact,
            wall_clock=self.settings.wall_clock,
        )
        if response.status_code == 401:
            source = self._endpoint.credentials.source
            failed.hint = f"check {source}, and that base_url is the server it belongs to"
        if response.status_code == 407 and self._proxy is not None:
            proxy = self._proxy
            failed.reason = f"the proxy {proxy.host} ({proxy.variable}) refused: {failed.reason}"
            failed.hint = refused_by_proxy("407", proxy.variable).hint
        return failed

    def _no_answer(self, trouble: httpx.HTTPError, silence: float, sent: bool) -> Failed:
        """Return the failure that a connection's trouble means."""
        proxy = self._proxy_at_fault(trouble)
        party = f"the proxy {proxy.host} ({proxy.variable})" if proxy else ""
        at = party or urlsplit(self._endpoint.url).netloc
        found = ConnectFailure("", "" if proxy is None else check_proxy(proxy.variable))
        short = ""
        match trouble:
            case httpx.ProxyError():
                assert proxy is not None
                found = refused_by_proxy(failures.clean(str(trouble), self.redact), proxy.variable)
                short = found.why
                reason = f"{party} refused: {found.why}"
            case httpx.ConnectTimeout():
                # Whether the server takes connections cannot be tried past a proxy.
                direct = self._endpoint.url if self._proxy is None else ""
                found = no_connection(
                    proxy.url if proxy else direct,
                    self.settings.connect_timeout,
                    proxy=proxy and proxy.variable,
                )
                short = f"no connection: {found.why}"
                reason = f"no connection to {at}: {found.why}"
            case httpx.ConnectError():
                found = obstacle(
                    trouble,
                    loopback=is_loopback(self._endpoint.url),
                    proxy=proxy and proxy.variable,
                )
                short = failures.clean(found.why, self.redact)
                reason = f"no connection to {at}: {short}"
            case httpx.TimeoutException():
                reason = f"no answer{' from ' if party else ''}{party} for {silence:.3g} s"
                short = f"no answer for {silence:.3g} s"
            case httpx.LocalProtocolError():
                reason = "the request is not valid HTTP"  # the detail may quote a header: the key
                # One that we may not send at all.
                found = found._replace(hopeless=True)
            case _ if unwanted := refused_certificate(trouble):
                found = unwanted
                short = failures.clean(found.why, self.redact)
                reason = f"no connection to {at}: {short}"
            case _:
                said = failures.clean(str(trouble), self.redact)
                reason = f"the connection{' to ' if party else ''}{party} broke: {said}"
                short = "the connection broke"
                if not proxy and self._endpoint.url.startswith("http:"):
                    hint = "does that server speak TLS? Then base_url begins with https://"
                    found = found._replace(hint=hint)
        carried = not (isinstance(trouble, _NOT_CONNECTED) or proxy or found.hopeless)
        outcome = Outcome(
            sent=sent and carried, hopeless=found.hopeless, rarely_heals=found.rarely_heals
        )
        return Failed(outcome, reason, found.hint, short=short, party=party)

    def _proxy_at_fault(self, trouble: httpx.HTTPError) -> Proxy | None:
        """Return the proxy if it is there that a request has failed, None if at the server.

        A request in plain http goes through no tunnel, so only its connection is the proxy's.
        """
        connecting = isinstance(trouble, _NOT_CONNECTED)
        tunnel = self._endpoint.url.startswith("https:")
        here = at_first_hop() and (tunnel or connecting)
        return self._proxy if here or isinstance(trouble, httpx.ProxyError) else None

    def _error(self, call: Call, failed: Failed, verdict: Verdict, attempts: int) -> FilesyncError:
        reason = failed.reason + (f", after {attempts} attempts" if attempts > 1 else "")
        if verdict is Verdict.AMBIGUOUS:
            return AmbiguousError(
                f"no clear answer to the request to {call.what}: {reason}; {call.doubt}",
                f"look before it is sent again: {command('ls')} lists the files",
                answered=failed.outcome.status,
                told=failed.outcome.told,
            )
        message = f"could not {call.what}: {reason}"
        outcome = failed.outcome
        if outcome.status is None or outcome.garbled:
            return RemoteError(message, failed.hint)
        hint = failed.hint
        if outcome.status in GONE:
            hint = self._endpoint.guess
            if failed.web_page:
                # No API wrote this, so it must not pass for "there is no such file".
                return NoSuchRoute(message, f"a web page answered: {hint or 'is base_url right?'}")
        final = outcome.status in (401, 403) or outcome.code == NO_QUOTA
        error = AuthError if final else ApiError
        return error(message, hint, status=outcome.status, code=outcome.code)


def _connections(endpoint: Endpoint, proxy: Proxy | None) -> Connections:
    headers = {
        "User-Agent": f"filesync/{__version__}",
        "Accept": "application/json",
    }
    if endpoint.organization:
        headers["OpenAI-Organization"] = endpoint.organization
    if endpoint.project:
        headers["OpenAI-Project"] = endpoint.project
    return Connections(opener(endpoint.url, proxy), headers)


def _read_ahead(call: Call) -> Iterable[bytes] | None:
    """Return the chunks of a call's body, read by now if they are few."""
    payload = call.payload
    return list(payload) if payload is not None and payload.size <= SMALL else payload


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """Yield an answer's content as it comes, decompressed in small pieces."""
    encoding = response.headers.get("content-encoding", "")
    return answers.decoded(response.iter_raw(), encoding)


class _Patience:
    """How long one run has been waiting, all its requests together; safe to share.

    Waits that overlap count once. What succeeds gives a second back, so that a long run can
    afford many short waits.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._waited = 0.0
        self._counted_to = settings.monotonic()
        self._trouble_since: float | None = None
        self._good_at = -math.inf
        #: How many requests were sent again after a wait.
        self.waits = 0

    def restore(self) -> None:
        """Note that a request was answered."""
        with self._guard:
            self._trouble_since = None
            self._good_at = self._settings.monotonic()
            self._waited = max(0.0, self._waited - 1.0)

    def spent(self, *, refused: bool, since: float) -> float:
        """Return the seconds waited so far.

        If not `refused`, those without a good answer: the first of the failed requests has waited
        for one `since` then.
        """
        with self._guard:
            if self._trouble_since is None:
                self._trouble_since = max(since, self._good_at)
            return self._waited if refused else self._settings.monotonic() - self._trouble_since

    def left(self) -> float:
        """Return the seconds until a server without a good answer counts as down."""
        with self._guard:
            if self._trouble_since is None:
                return self._settings.dark
            return self._settings.dark - (self._settings.monotonic() - self._trouble_since)

    def wait(self, seconds: float) -> None:
        """Wait; raise Interrupted as soon as the run is being stopped."""
        with self._guard:
            self.waits += 1
            now = self._settings.monotonic()
            until = now + seconds
            self._waited += max(0.0, until - max(now, self._counted_to))
            self._counted_to = max(self._counted_to, until)
        self._settings.pause(seconds)
