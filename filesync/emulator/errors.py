"""The errors we answer with, in the API's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An error answer in the API's shape."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body: Json = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }


def unknown_parameter(name: str) -> ApiError:
    """The refusal of a field or query parameter the route does not have."""
    return ApiError(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def missing_parameter(name: str) -> ApiError:
    """The refusal of a request without a required field."""
    return ApiError(
        f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def invalid_value(name: str, why: str, code: str = "invalid_value") -> ApiError:
    """The refusal of a field whose value is wrong."""
    return ApiError(f"Invalid '{name}': {why}", param=name, code=code)


def not_found(what: str, item: str, param: str = "id") -> ApiError:
    """The 404 for an object that is not there, or is there no more."""
    return ApiError(f"No such {what} object: {item}", status=404, param=param)
