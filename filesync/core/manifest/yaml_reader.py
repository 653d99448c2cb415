"""YAML text -> plain data that remembers where each part stands.

PyYAML reads the text; what it reads is put together here, event by event, because
`yaml.safe_load` forgets line numbers, keeps the last of two equal keys, reads dates and `on:`
as something other than text, and recurses: a deep file would end the process, not the parse.
Nothing here recurses, and no text can make it build more than MAX_NODES values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from filesync.core.commands import command
from filesync.core.manifest.variables import Filler, Unfilled
from filesync.core.manifest.yaml_errors import Unreadable, decoded, explained, odd_lines
from filesync.core.manifest.yaml_scalars import plain
from filesync.core.model import Position
from filesync.core.text import composed, printable
from filesync.errors import Problem

MAX_DEPTH = 32
_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
MAX_NODES = 1_000_000
"""How many values a manifest may hold once its aliases are followed."""

# libyaml is ten times the speed of the Python scanner, but is not in every build of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# JSON writes what needs more than 16 bits as two escapes, such as \\ud83d\\ude00 for an emoji.
_HALF_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Place = tuple[str | int, ...]
"""The way from the top to a value: keys of mappings and indices of lists."""


class Mapping(dict[str, object]):
    """A YAML mapping: keys as written in the text, with the positions of keys and values."""

    def __init__(self, at: Position) -> None:
        self.at = at
        self.key_at: dict[str, Position] = {}
        self.value_at: dict[str, Position] = {}


class Items(list[object]):
    """A YAML list, with the positions of its items."""

    def __init__(self) -> None:
        self.item_at: list[Position] = []


def load(text: bytes, filler: Filler | None = None) -> tuple[Mapping, list[Problem]]:
    """Return the mapping that `text` holds, and the problems that did not stop the reading.

    Values are Mapping, Items, str, int, float, bool and None. With a `filler` variables are
    filled in, into values and not into keys, and what cannot be is Unfilled. Raises Unreadable.
    """
    source = decoded(text)
    builder = _Builder(filler)
    # libyaml refuses the halves in which JSON writes an emoji; the Python scanner passes them on.
    loader = yaml.SafeLoader if _HALF_ESCAPE.search(source) else _LOADER
    try:
        for event in yaml.parse(source, Loader=loader):
            builder.feed(event)
    except yaml.YAMLError as error:
        at, message = explained(error, source)
        # PyYAML has a limit of its own since 6.0.4, and its parser reads ahead of our events.
        builder.stop(at, _TOO_DEEP if "nesting depth" in message else f"not valid YAML: {message}")
    if not isinstance(builder.root, Mapping):
        if builder.root is None:
            builder.stop(
                Position(1, 1), f"is empty: {command('init')} writes a manifest to start from"
            )
        odd = odd_lines(source, builder.root_at.line - 1)
        message = f"must be a mapping with version, project and files{odd}"
        builder.stop(builder.root_at, message)
    return builder.root, builder.problems


def place_text(place: Place) -> str:
    """Return a place as problems show it, e.g. `files.train.exclude[0]`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{_shown(step)}" if text else _shown(step)
    return text


def _shown(name: str) -> str:
    return printable(name if len(name) <= 80 else f"{name[:79]}…")


def mapping(root: Mapping, place: Place) -> Mapping:
    """Return the mapping at `place`, or an empty one if there is none."""
    node: object = root
    for step in place:
        node = node.get(str(step)) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else Mapping(root.at)


def position(root: Mapping, place: Place, *, of_key: bool = False) -> Position:
    """Return where the value at `place` stands, or its key; the nearest one there is above it."""
    node: object = root
    at = root.at
    for step in place:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node:
            at = (node.key_at if of_key else node.value_at)[step]
            node = node[step]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node):
            at = node.item_at[step]
            node = node[step]
        else:
            break
    return at


_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {"!", f"{_TAG}str"}
_KNOWN_TAGS = {
    *(None, *_TEXT_TAGS),
    *(_TAG + name for name in ("map", "seq", "int", "float", "bool", "null")),
}
_MERGE = "<<"


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read; `key` is the mapping's key that awaits its value."""

    node: Mapping | Items
    at: Position
    anchor: str | None
    nodes_before: int
    key: str | None = None
    merging: bool = False
    merged: list[Mapping] = field(default_factory=list)


@dataclass(slots=True)
class _Anchor:
    """A value with a name. `value` has `nodes` nodes in it, or is still being read (None)."""

    value: object
    nodes: int | None


class _Builder:
    """Puts the parser's events together; `root` is the document once all are fed."""

    def __init__(self, filler: Filler | None) -> None:
        self._filler = filler
        self.problems: list[Problem] = []
        self.root: object = None
        self.root_at = Position(1, 1)
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchor] = {}
        self._documents = 0
        self._nodes = 0

    def stop(self, at: Position, message: str) -> NoReturn:
        """Report a problem that the reading cannot go on from."""
        self._report(at, message)
        raise Unreadable(self.problems)

    def feed(self, event: yaml.Event) -> None:
        """Take in the next event of the parser."""
        mark = event.start_mark
        assert mark is not None  # the parser marks every event
        at = Position(mark.line + 1, mark.column + 1)
        top = self._open[-1] if self._open else None
        wants_key = top is not None and isinstance(top.node, Mapping) and top.key is None
        match event:
            case yaml.ScalarEvent() if wants_key:
                self._key(event, at)
            case yaml.ScalarEvent():
                value = self._scalar(event, at)
                self._count(1, at)
                if event.anchor:
                    self._anchors[event.anchor] = _Anchor(value, 1)
                self._put(value, at)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent() | yaml.CollectionStartEvent() if wants_key:
                self.stop(at, "a key must be text: put it in quotes")
            case yaml.AliasEvent():
                self._alias(event.anchor or "", at)
            case yaml.CollectionStartEvent():
                self._start(event, at)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self.stop(at, "a second document begins here: a manifest is one document")

    def _key(self, event: yaml.ScalarEvent, at: Position) -> None:
        top = self._open[-1]
        # Editors and systems differ in how they write an accent; a key is the same in both forms.
        key = composed(self._text(event, at))
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(key, 1)
        top.key = key
        top.merging = key == _MERGE and event.implicit[0]
        if top.merging or not isinstance(top.node, Mapping):
            return
        if first := top.node.key_at.get(key):
            self._report(at, f"declared twice, first at line {first.line}")
        else:
            top.node.key_at[key] = at

    def _text(self, event: yaml.ScalarEvent, at: Position) -> str:
        self._check_tag(event.tag, at)
        text = str(event.value)
        if text.isascii() or not _HALF.search(text):
            return text
        text = _PAIR.sub(_joined, text)
        if half := _HALF.search(text):
            shown = printable(half[0])
            self.stop(
                at,
                f"not valid YAML: {shown} is half of a surrogate pair: "
                "write both halves, or the character itself",
            )
        return text

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> object:
        text = self._text(event, at)
        quoted = (event.tag is None and not event.implicit[0]) or event.tag in _TEXT_TAGS
        if self._filler is not None and "${" in text:
            top = self._open[-1] if self._open else None
            is_url = top is not None and top.key == "base_url"
            filled = self._filler.fill(text, base_url=is_url)
            # What came out empty is empty text: YAML's "nothing" would mean nothing is written.
            if isinstance(filled, Unfilled) or not filled:
                return filled
            text = filled
        return text if quoted else plain(text)

    def _start(self, event: yaml.CollectionStartEvent, at: Position) -> None:
        self._check_tag(event.tag, at)
        if len(self._open) == MAX_DEPTH:
            self.stop(at, _TOO_DEEP)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(None, None)
        node = Mapping(at) if isinstance(event, yaml.MappingStartEvent) else Items()
        self._open.append(_Open(node, at, event.anchor, self._nodes))
        self._count(1, at)

    def _close(self) -> None:
        closed = self._open.pop()
        if isinstance(closed.node, Mapping):
            _merge(closed.node, closed.merged)
        if closed.anchor:
            nodes = self._nodes - closed.nodes_before
            self._anchors[closed.anchor] = _Anchor(closed.node, nodes)
        self._put(closed.node, closed.at)

    def _alias(self, name: str, at: Position) -> None:
        anchor = self._anchors.get(name)
        shown = _shown(name)
        if anchor is None:
            self.stop(at, f"no &{shown} above for *{shown}: put it in quotes if the * is meant")
        if anchor.nodes is None:
            self.stop(at, f"*{shown} contains itself")
        # The value is shared, not copied, but whoever walks it meets every node again.
        self._count(anchor.nodes, at)
        self._put(anchor.value, at)

    def _put(self, value: object, at: Position) -> None:
        """Give `value` to the mapping or list that is being read."""
        if not self._open:
            self.root, self.root_at = value, at
            return
        top = self._open[-1]
        if isinstance(top.node, Items):
            top.node.append(value)
            top.node.item_at.append(at)
            return
        key, top.key = top.key or "", None
        if top.merging:
            mappings = value if isinstance(value, Items) else [value]
            if all(isinstance(mapping, Mapping) for mapping in mappings):
                top.merged += [mapping for mapping in mappings if isinstance(mapping, Mapping)]
            else:
                self._report(at, "<< takes a mapping, or a list of mappings")
        elif key not in top.node:
            top.node[key] = value
            top.node.value_at[key] = at

    def _check_tag(self, tag: str | None, at: Position) -> None:
        if tag not in _KNOWN_TAGS:
            shown = _shown(str(tag).replace(_TAG, "!!"))
            self._report(at, f"the tag {shown} is not allowed: put the text in quotes")

    def _count(self, nodes: int, at: Position) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self.stop(at, f"expands to too much: more than {MAX_NODES:,} values")

    def _report(self, at: Position, message: str) -> None:
        """Note a problem at the place that is being read, as far as there is one yet."""
        steps = [len(o.node) if isinstance(o.node, Items) else o.key for o in self._open]
        place = place_text(tuple(step for step in steps if step is not None))
        self.problems.append(Problem(*at, place, message))


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _merge(into: Mapping, sources: list[Mapping]) -> None:
    """Add what `into` does not say itself, the first source winning, as YAML's `<<` has it."""
    for source in sources:
        for key, value in source.items():
            if key not in into:
                into[key] = value
                into.key_at[key] = source.key_at[key]
                into.value_at[key] = source.value_at[key]
