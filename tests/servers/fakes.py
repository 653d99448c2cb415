"""The scripted server as each type of server: its paging, purposes and the words it uses.

Written from the servers' own pages, as notes in docs/design/api-notes.md, not from our table.
"""

from __future__ import annotations

from typing import Any

from tests.cli.fake_api import Answer, FakeApi, Request, Rule, error

PAGE = 100  # fewer than a story's files, so that there are three pages


def become(api: FakeApi, name: str) -> None:
    """Make a scripted server behave as a server of this type."""
    if name == "azure":
        api.rule(_only_with("api-key"))
    takes = PURPOSES.get(name)
    if takes is not None:
        api.rule(_takes(api, takes))
    api.rule(_LISTINGS[name](api))


PURPOSES: dict[str, tuple[str, ...]] = {
    "azure": ("assistants", "batch", "fine-tune", "evals"),
    "groq": ("batch",),
    "mistral": ("fine-tune", "batch", "ocr"),
    "deepinfra": ("batch",),
    "moonshot": ("file-extract", "image", "video", "batch"),
}


def _only_with(header: str) -> Rule:
    def rule(request: Request) -> Answer | None:
        sent = {name.lower() for name in request.headers}
        return None if header in sent and "authorization" not in sent else error(401, "no key")

    return rule


def _takes(api: FakeApi, purposes: tuple[str, ...]) -> Rule:
    def rule(request: Request) -> Answer | None:
        if request.method != "POST" or request.path != "/files":
            return None
        purpose = request.form.get("purpose", "")
        return None if purpose in purposes else error(400, f"no such purpose: {purpose}")

    return rule


def _files(api: FakeApi) -> list[dict[str, Any]]:
    """The newest first, as the API lists them."""
    with api.guard:
        return list(reversed(api.files.values()))


def _listing(answer: Any) -> Any:
    """Make a rule of what answers a listing of files."""

    def for_api(api: FakeApi) -> Rule:
        def rule(request: Request) -> Answer | None:
            if (request.method, request.path) != ("GET", "/files"):
                return None
            return Answer(200, answer(_files(api), request.query))

        return rule

    return for_api


def _cursor(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    ids = [file["id"] for file in files]
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    data = files[start : start + min(PAGE, int(query.get("limit", "10000")))]
    return {"object": "list", "data": data, "has_more": start + len(data) < len(files)}


def _numbers(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    size = int(query.get("page_size", PAGE))
    start = int(query.get("page", 0)) * size
    return {"object": "list", "data": files[start : start + size], "total": len(files)}


def _tokens(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    start = int(query.get("pagination_token", "0"))
    data = [{**file, "purpose": ""} for file in files[start : start + PAGE]]
    return {"data": data, "pagination_token": str(start + len(data))}


def _bare(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    return {"object": "list", "data": files}


def _claims_whole(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    return {"object": "list", "data": files, "has_more": False}


def _ok(files: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    return {"object": "list", "data": [{**file, "status": "ok"} for file in files]}


_LISTINGS = {
    "openai": _listing(_cursor),
    "azure": _listing(_cursor),
    "compatible": _listing(_bare),
    "groq": _listing(_bare),
    "mistral": _listing(_numbers),
    "xai": _listing(_tokens),
    "deepinfra": _listing(_cursor),
    "litellm": _listing(_claims_whole),
    "ogx": _listing(_cursor),
    "moonshot": _listing(_ok),
}
