"""A job's identity and the short-lived token it is exchanged for, as GitHub and OpenAI give them.

Signatures are not checked, and tokens are kept in memory only: a restart forgets them all.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator.call import MAX_JSON_BYTES, json_response
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.store import Store

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
_FIELDS = ("subject_token", "identity_provider_id", "service_account_id")
_PREFIX = "emulator-"
_IDENTITY_SECONDS = 300
_MOST_TOKENS = 10_000


class Tokens:
    """The tokens that were given out, with the time that each expires at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expiry: dict[str, float] = {}

    def make(self, now: float, seconds: float) -> str:
        """Return a new token."""
        token = _PREFIX + secrets.token_urlsafe(32)
        with self._lock:
            while len(self._expiry) >= _MOST_TOKENS:
                del self._expiry[next(iter(self._expiry))]
            self._expiry[token] = now + seconds
        return token

    def check(self, key: str, now: float) -> bool:
        """Say whether a key is one of these tokens; ApiError 401 for one that has expired."""
        if not key.startswith(_PREFIX):
            return False
        with self._lock:
            expires_at = self._expiry.get(key)
        if expires_at is None or expires_at <= now:
            raise ApiError("The access token has expired.", status=401, code="token_expired")
        return True


async def identity(request: Request) -> Response:
    """GET /_emulator/github/oidc?audience=…: a JWT for a job, as GitHub's OIDC service has it."""
    now = request.app.state.store.now()
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
        "aud": request.query_params.get("audience", "https://github.com/octo-org"),
        "iat": now,
        "exp": now + _IDENTITY_SECONDS,
    }
    words = [{"alg": "RS256", "typ": "JWT"}, claims]
    token = ".".join((*(_encoded(json.dumps(word).encode()) for word in words), "bm9uZQ"))
    return json_response({"value": token, "count": len(token)})


async def exchange(request: Request) -> Response:
    """POST /oauth/token: a short-lived token for a JWT (RFC 8693)."""
    body = await _body(request)
    if body.get("grant_type") != GRANT:
        return _refused("unsupported_grant_type", f"Expected grant_type '{GRANT}'.")
    if body.get("subject_token_type") not in _TOKEN_TYPES:
        return _refused("invalid_request", f"Expected one of {list(_TOKEN_TYPES)}.")
    for name in _FIELDS:
        if not isinstance(body.get(name), str) or not body[name]:
            return _refused("invalid_request", f"Missing parameter: '{name}'.")
    store: Store = request.app.state.store
    claims = _claims(body["subject_token"])
    if claims is None:
        return _refused("invalid_grant", "The subject token is not a JWT.")
    expires_at = claims.get("exp")
    if isinstance(expires_at, int | float) and expires_at <= store.moment():
        return _refused("invalid_grant", "The subject token has expired.")
    seconds = store.settings["token_seconds"]
    token = request.app.state.tokens.make(store.moment(), seconds)
    return json_response(
        {
            "access_token": token,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": int(seconds),
        }
    )


async def _body(request: Request) -> Json:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_JSON_BYTES:
            raise ApiError("The body of this request is too large.", status=413)
    try:
        text = raw.decode()
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(text))
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _refused(error: str, why: str) -> Response:
    return json_response({"error": error, "error_description": why}, 400)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _claims(token: str) -> Json | None:
    """What a JWT claims; None if it is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
