"""Messages, of examples and of requests: roles, content, names, images, tool calls and weights.

Every check takes a `Conversation` and yields what is wrong with it. A check looks at one thing
and passes over what another check reports.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from filesync.core.content.findings import Fault
from filesync.core.content.json_line import kind, quoted

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_BLANK = " \t\r\n"
_BLANKS = 10  # characters of an empty text; `plain_chat` looks at short texts only
MAX_IMAGES = 64
"""Images in one example, by the larger of the published figures (OpenAI: 10, Azure: 64)."""

_MAX_IMAGE_CHARS = 10 * 2**20 * 4 // 3 + 100  # 10 MB in base64, and the data URL's head
_DETAILS = (None, "auto", "low", "high")
_MESSAGE_KEYS = {
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
}
# The parts there are: what a part has is called as its type is, and is a text or an object.
_PARTS: dict[str, type] = {
    "text": str,
    "refusal": str,
    "image_url": dict,
    "input_audio": dict,
    "file": dict,
}
# The roles whose messages may hold other parts than texts; images have a check of their own.
_PART_ROLES = {"refusal": "assistant", "input_audio": "user", "file": "user"}
_NOT_LEARNED = ("input_audio", "file")
_NAME = re.compile(r"[^\s<|\\/>]{1,64}\Z")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")
# What the first bytes of an image are, by the type that a data URL gives it.
_MAGIC = {
    "image/png": re.compile(rb"\x89PNG"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/jpg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/gif": re.compile(rb"GIF8"),
}

Message = dict[str, Any]


class Conversation(NamedTuple):
    """The messages of one example or request, each with its place, and what stands beside them.

    `messages` holds the objects only; `place` is how the list is called in findings.
    """

    messages: list[tuple[int, Message]]
    beside: dict[str, Any]
    place: str = "messages"

    def at(self, number: int) -> str:
        """Return how one message is called in findings."""
        return f"{self.place}[{number}]"


def conversation_of(owner: dict[str, Any], place: str = "messages") -> Conversation:
    """Return the messages that an object holds; what is not a message is passed over."""
    found = owner.get(place.rpartition(".")[2])
    listed = found if isinstance(found, list) else []
    return Conversation(
        [(i, message) for i, message in enumerate(listed) if isinstance(message, dict)],
        owner,
        place,
    )


def role_of(message: Message) -> str:
    """Return a message's role, "" where it has none that is a text."""
    role = message.get("role")
    return role if isinstance(role, str) else ""


def shape(talk: Conversation) -> Iterator[Fault]:
    """Yield what is wrong with the list of messages itself."""
    listed = talk.beside.get(talk.place.rpartition(".")[2])
    if listed is None:
        yield "messages", f"`{talk.place}` is missing"
    elif not isinstance(listed, list):
        yield "messages", f"`{talk.place}` is {kind(listed)}, not a list of messages"
    elif not listed:
        yield "messages", f"`{talk.place}` is empty"
    else:
        for i, message in enumerate(listed):
            if not isinstance(message, dict):
                yield "message", f"{talk.at(i)} is {kind(message)}, not an object"


def roles(talk: Conversation) -> Iterator[Fault]:
    """Yield roles that are missing or unknown."""
    for i, message in talk.messages:
        role = message.get("role")
        if role in ROLES and isinstance(role, str):
            continue
        if "role" not in message:
            yield "role", f"{talk.at(i)} has no `role`"
        else:
            known = ", ".join(ROLES)
            yield "role", f"{talk.at(i)} has the role {quoted(role)}; roles are {known}"


def keys(talk: Conversation) -> Iterator[Fault]:
    """Yield keys that a message does not have, which may be typing errors."""
    for i, message in talk.messages:
        for key in message:
            if key not in _MESSAGE_KEYS:
                yield "unknown-key", f"{talk.at(i)} has the unknown key {quoted(key)}"


def contents(talk: Conversation) -> Iterator[Fault]:
    """Yield content that is missing, empty or of a wrong type."""
    for i, message in talk.messages:
        where = f"{talk.at(i)}.content"
        content = message.get("content")
        if isinstance(content, str):
            if (
                len(content) <= _BLANKS
                and not content.strip(_BLANK)
                and not _speaks_otherwise(message)
            ):
                yield "empty-content", f"{where} is empty"
        elif isinstance(content, list):
            yield from _parts(content, where, role_of(message))
        elif content is not None:
            yield "content", f"{where} is {kind(content)}, not a text or a list of parts"
        elif not _speaks_otherwise(message) and not _returns_nothing(message):
            yield "content", f"{where} is {'null' if 'content' in message else 'missing'}"


def _speaks_otherwise(message: Message) -> bool:
    return role_of(message) == "assistant" and any(
        message.get(key) for key in ("tool_calls", "function_call", "refusal", "audio")
    )


def _returns_nothing(message: Message) -> bool:
    """Say whether a message is the answer of a function, in the older way, that is null."""
    return role_of(message) == "function" and "content" in message


def _parts(parts: list[Any], where: str, role: str) -> Iterator[Fault]:
    if not parts:
        yield "content", f"{where} is an empty list"
    for i, part in enumerate(parts):
        at = f"{where}[{i}]"
        if not isinstance(part, dict):
            yield "content-part", f"{at} is {kind(part)}, not an object"
            continue
        sort = part.get("type")
        if not isinstance(sort, str) or sort not in _PARTS:
            yield "content-part", f"{at} has the type {quoted(sort)}"
        elif sort not in part:
            yield "content-part", f"{at} is of type {sort} and has no `{sort}`"
        elif sort != "image_url" and not isinstance(part[sort], _PARTS[sort]):
            wanted = "a text" if _PARTS[sort] is str else "an object"
            yield "content-part", f"{at}.{sort} is {kind(part[sort])}, not {wanted}"
        elif role in ROLES and _PART_ROLES.get(sort, role) != role:
            yield "content-part", f"{at} is of type {sort}, which {role} messages do not have"


def learned_parts(talk: Conversation) -> Iterator[Fault]:
    """Yield parts that fine-tuning does not take: it learns from texts and images."""
    for i, message in talk.messages:
        content = message.get("content")
        for j, part in enumerate(content if isinstance(content, list) else ()):
            sort = part.get("type") if isinstance(part, dict) else None
            if sort in _NOT_LEARNED and isinstance(part.get(sort), dict):
                where = f"{talk.at(i)}.content[{j}]"
                yield (
                    "content-part",
                    f"{where} is of type {sort}; fine-tuning takes text and images",
                )


def names(talk: Conversation) -> Iterator[Fault]:
    """Yield names that the API does not take."""
    for i, message in talk.messages:
        name = message.get("name")
        if name is None and role_of(message) == "function":
            yield "name", f"{talk.at(i)} has the role function and no `name`"
        elif name is not None and not (isinstance(name, str) and _NAME.match(name)):
            yield "name", f"{talk.at(i)}.name is {quoted(name)}"


def image_parts(talk: Conversation) -> Iterator[tuple[str, Message, Any]]:
    """Yield the images in messages: the place, the message and what stands in `image_url`."""
    for i, message in talk.messages:
        content = message.get("content")
        for j, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") == "image_url" and "image_url" in part:
                yield f"{talk.at(i)}.content[{j}]", message, part["image_url"]


def images(talk: Conversation) -> Iterator[Fault]:
    """Yield images in the wrong place, and addresses that lead to none."""
    for at, message, image in image_parts(talk):
        if role_of(message) != "user":
            yield (
                "image-role",
                f"{at}: an image in a message of the role {quoted(role_of(message))}",
            )
        if not isinstance(image, dict):
            yield "image", f"{at}.image_url is {kind(image)}, not an object with `url`"
            continue
        if problem := _bad_address(image.get("url")):
            rule, what = problem
            yield rule, f"{at}.image_url.url {what}"
        if (detail := image.get("detail")) not in _DETAILS:
            yield "image", f"{at}.image_url.detail is {quoted(detail)}"


def image_limits(talk: Conversation) -> Iterator[Fault]:
    """Yield that an example has more or larger images than it may."""
    count = 0
    for at, _, image in image_parts(talk):
        count += 1
        url = image.get("url") if isinstance(image, dict) else None
        if isinstance(url, str) and len(url) > _MAX_IMAGE_CHARS and _DATA_URL.match(url):
            yield "image", f"{at}.image_url.url holds an image of more than 10 MB"
    if count > MAX_IMAGES:
        yield "too-many-images", f"{count} images in one example; the limit is {MAX_IMAGES}"


def _bad_address(url: object) -> Fault | None:
    """Return what is wrong with the address of an image."""
    if not isinstance(url, str):
        return "image", "is missing" if url is None else f"is {kind(url)}, not a text"
    if _ADDRESS.match(url):
        return None
    head = _DATA_URL.match(url)
    if not head:
        return "image", "is neither an http(s) address nor a base64 data URL of an image"
    magic = _MAGIC.get(head[1].lower())
    if magic is None:
        return "image", f"holds {quoted(head[1])}; PNG, JPEG, WEBP and GIF are read"
    data = url[head.end() :]
    if not _BASE64.match(data):
        data = "".join(data.split())  # some programs break base64 into lines
    if len(data) % 4 or not _BASE64.match(data):
        return "image", "is not base64 after its comma"
    start = base64.b64decode(data[:64])
    if magic.match(start):
        return None
    if any(other.match(start) for other in _MAGIC.values()):
        return "image-type", f"holds another kind of image than {head[1]}"
    return "image", f"does not hold {head[1]}"


def weights(talk: Conversation) -> Iterator[Fault]:
    """Yield weights that are not 0 or 1, or stand where nothing is learned."""
    learned = []
    for i, message in talk.messages:
        weight = message.get("weight")
        is_assistant = role_of(message) == "assistant"
        if weight is not None and not is_assistant:
            role = quoted(role_of(message))
            yield "weight", f"{talk.at(i)} has a `weight` and the role {role}"
        elif weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
            yield "weight", f"{talk.at(i)}.weight is {quoted(weight)}, not 0 or 1"
        elif is_assistant:
            learned.append(weight != 0)
    if learned and not any(learned):
        yield "nothing-to-learn", "every assistant message has weight 0"


def assistant(talk: Conversation) -> Iterator[Fault]:
    """Yield that nothing can be learned, or that the end cannot."""
    said = [role_of(message) for _, message in talk.messages]
    if not said:
        return
    if "assistant" not in said:
        yield "no-assistant", "no message has the role assistant"
    elif said[-1] != "assistant":
        yield "ends-without-assistant", f"the last message has the role {quoted(said[-1])}"
