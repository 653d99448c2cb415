"""The vector store routes, one method a route; see `client` for what calls raise.

Attaching a file that is attached already changes nothing, so only creating a store is a request
that must not be sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from filesync.core.stores.model import (
    Attributes,
    Chunking,
    RemoteMember,
    RemoteStore,
    in_days,
)
from filesync.core.text import plural, printable
from filesync.errors import unless_gone
from filesync.remote import decode, listing, page
from filesync.remote.call import Call, JsonPayload
from filesync.remote.decode_stores import (
    Passage,
    detached,
    passages,
    remote_member,
    remote_store,
    reported_attributes,
)
from filesync.remote.paths import segment
from filesync.remote.retry import Kind
from filesync.remote.transport import Transport

_I = TypeVar("_I", bound=page.Item)

PAGE = 100
"""The most stores or members that a page of a listing has."""

BATCH = 2000
"""The most files that one request attaches."""


class NewMember(NamedTuple):
    """A file to attach, with its attributes."""

    file_id: str
    attributes: Attributes


class StoreReader:
    """Looks vector stores up, and searches them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_stores(self) -> list[RemoteStore]:
        """Return every store; ListingError unless that is all, ApiError 404 without the route."""
        return self._list("/vector_stores", "vector stores", remote_store)

    def get(self, store_id: str) -> RemoteStore | None:
        """Return a store, None if there is none with this id."""
        call = Call("GET", _path(store_id), f"look up {printable(store_id)}")
        return unless_gone(lambda: self._transport.json(call, _asked_for(store_id, remote_store)))

    def list_members(self, store_id: str) -> list[RemoteMember]:
        """Return every member of a store; ApiError 404 if the store is gone."""
        what = f"files of {printable(store_id)}"
        return self._list(f"{_path(store_id)}/files", what, remote_member)

    def some_members(self, store_id: str, status: str) -> list[RemoteMember]:
        """Return a page of the members that have a status; a server may ignore the status."""
        call = Call(
            "GET",
            f"{_path(store_id)}/files",
            f"list the files of {printable(store_id)}",
            params={"filter": status, "limit": str(PAGE)},
        )
        return self._transport.json_and_headers(call, page.page_of(remote_member)).items

    def get_member(self, store_id: str, file_id: str) -> RemoteMember | None:
        """Return a member of a store, None if the file is not attached or the store is gone."""
        what = f"look {printable(file_id)} up in {printable(store_id)}"
        call = Call("GET", _member_path(store_id, file_id), what)
        return unless_gone(lambda: self._transport.json(call, _asked_for(file_id, remote_member)))

    def search(self, store_id: str, query: str, most: int) -> list[Passage]:
        """Return what a store answers to a query, the best first, at most `most` passages."""
        call = Call(
            "POST",
            f"{_path(store_id)}/search",
            f"search {printable(store_id)}",
            payload=JsonPayload({"query": query, "max_num_results": most}),
        )
        return self._transport.json(call, passages)

    def _list(self, path: str, what: str, item: Callable[[object], _I]) -> list[_I]:
        read = page.page_of(item)

        def fetch(query: dict[str, str]) -> page.Page[_I]:
            call = Call("GET", path, f"list the {what}", params=query)
            return self._transport.json_and_headers(call, read)

        return listing.list_all(fetch, limit=PAGE)


class StoreWriter(StoreReader):
    """Also creates, fills and deletes vector stores."""

    def create(
        self,
        *,
        name: str,
        description: str | None,
        expires_after: int | None,
        metadata: Mapping[str, str],
    ) -> RemoteStore:
        """Create an empty store; AmbiguousError if it may exist although no answer said so."""
        body: dict[str, object] = {"name": name, "metadata": dict(metadata)}
        if description is not None:
            body["description"] = description
        if expires_after is not None:
            body["expires_after"] = _expiry(expires_after)
        call = Call(
            "POST",
            "/vector_stores",
            f"create the vector store {printable(name)}",
            Kind.ONCE,
            payload=JsonPayload(body),
            doubt=f"a vector store named {printable(name)} may exist now",
        )
        return self._transport.json(call, remote_store)

    def update(
        self, store_id: str, *, name: str, expires_after: int | None, metadata: Mapping[str, str]
    ) -> RemoteStore:
        """Give a store another name, expiry and metadata; its description cannot be changed."""
        expiry = None if expires_after is None else _expiry(expires_after)
        body = {"name": name, "expires_after": expiry, "metadata": dict(metadata)}
        call = Call(
            "POST",
            _path(store_id),
            f"update the vector store {printable(name)}",
            payload=JsonPayload(body),
        )
        return self._transport.json(call, _asked_for(store_id, remote_store))

    def delete(self, store_id: str) -> bool:
        """Delete a store, whose files stay; False if it was gone already."""
        call = Call("DELETE", _path(store_id), f"delete {printable(store_id)}", Kind.DELETE)
        return unless_gone(lambda: self._transport.json(call, decode.deleted)) or False

    def attach_batch(
        self, store_id: str, members: Sequence[NewMember], chunking: Chunking | None
    ) -> None:
        """Attach up to BATCH files. What becomes of them is for their members to say: the id in
        the answer can be the store's (openai-python#2724)."""
        what = f"attach {plural(len(members), 'file')} to {printable(store_id)}"
        call = Call(
            "POST",
            f"{_path(store_id)}/file_batches",
            what,
            payload=JsonPayload({"files": [_member(one, chunking) for one in members]}),
            slow=True,
        )
        self._transport.json(call, decode.json_object)

    def attach(self, store_id: str, member: NewMember, chunking: Chunking | None) -> RemoteMember:
        """Attach one file."""
        file_id = member.file_id
        call = Call(
            "POST",
            f"{_path(store_id)}/files",
            f"attach {printable(file_id)} to {printable(store_id)}",
            payload=JsonPayload(_member(member, chunking)),
        )
        return self._transport.json(call, _asked_for(file_id, remote_member))

    def update_attributes(
        self, store_id: str, file_id: str, attributes: Attributes
    ) -> Attributes | None:
        """Give a member other attributes; nothing is uploaded or indexed anew.

        Returns those that the answer reports, None if it reports none.
        """
        call = Call(
            "POST",
            _member_path(store_id, file_id),
            f"update the attributes of {printable(file_id)} in {printable(store_id)}",
            payload=JsonPayload({"attributes": dict(attributes)}),
        )
        return self._transport.json(call, reported_attributes)

    def detach(self, store_id: str, file_id: str) -> bool:
        """Detach a file, which stays a file; False if it was not attached."""
        what = f"detach {printable(file_id)} from {printable(store_id)}"
        call = Call("DELETE", _member_path(store_id, file_id), what, Kind.DELETE)
        return unless_gone(lambda: self._transport.json(call, detached)) or False


def _asked_for(wanted: str, read: Callable[[object], _I]) -> Callable[[object], _I]:
    """Return `read`, which refuses an answer about another object than the one asked for."""

    def check(raw: object) -> _I:
        found = read(raw)
        if found.id != wanted:
            other = printable(found.id)[:80]
            raise decode.BadAnswer(f"the answer is about {other}, not {printable(wanted)}")
        return found

    return check


def _member(member: NewMember, chunking: Chunking | None) -> dict[str, Any]:
    body: dict[str, Any] = {"file_id": member.file_id}
    if member.attributes:
        body["attributes"] = dict(member.attributes)
    if chunking is not None:
        body["chunking_strategy"] = {
            "type": "static",
            "static": {
                "max_chunk_size_tokens": chunking.max_tokens,
                "chunk_overlap_tokens": chunking.overlap,
            },
        }
    return body


def _expiry(seconds: int) -> dict[str, object]:
    return {"anchor": "last_active_at", "days": in_days(seconds)}


def _path(store_id: str) -> str:
    return f"/vector_stores/{segment(store_id)}"


def _member_path(store_id: str, file_id: str) -> str:
    return f"{_path(store_id)}/files/{segment(file_id)}"
