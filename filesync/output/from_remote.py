"""The report of `init --from-remote`: what it did, and what the user has to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from filesync.core.commands import command
from filesync.core.from_remote.candidates import Found, LeftOut
from filesync.core.from_remote.declare import FOLDER, Declared, Import
from filesync.core.from_remote.stores import FoundStore
from filesync.core.text import human_bytes, listed, plural, printable

_NAMED = 5


def told_download(wanted: Sequence[Found]) -> str:
    """Describe the downloads, e.g. "3 files (1.2 MB, batch and vision)"."""
    purposes = sorted({one.remote.purpose for one in wanted})
    size = human_bytes(sum(one.remote.bytes or 0 for one in wanted))
    return f"{plural(len(wanted), 'file')} ({size}, {' and '.join(purposes)})"


def told_import(
    result: Import,
    left_out: Counter[LeftOut],
    manifest: str,
    lock: str,
    *,
    stores: Sequence[FoundStore] = (),
    unmarked: int = 0,
    stores_left_out: Sequence[tuple[str, int]] = (),
) -> list[str]:
    """Return one line per kind of thing declared or left out, and what to do next.

    `unmarked` of the vector stores do not say yet that they are this project's.
    """
    lines = [
        f"wrote {manifest} and {lock}: {plural(len(result.declared), 'file')} declared"
        + _in_brackets(_sources(result.declared))
    ]
    if result.undeclared:
        whys = Counter(other.why for other in result.undeclared).most_common(_NAMED)
        told = whys[0][0] if len(whys) == 1 else "; ".join(f"{n:,} x {why}" for why, n in whys)
        lines.append(
            f"{plural(len(result.undeclared), 'more file')} as comments in {manifest}, since the "
            f"content is not here ({told}): put it in place and run {command('adopt', 'KEY', 'ID')}"
        )
    if left_out:
        told = ", ".join(f"{count:,} {why}" for why, count in left_out.most_common())
        lines.append(f"not declared: {told}")
    found = "no changes"
    if stores:
        documents = sum(len(one.members) for one in stores)
        lines.append(
            f"{plural(len(stores), 'vector store')} declared with {plural(documents, 'document')}; "
            "their other members stay"
        )
    if stores_left_out:
        told = ", ".join(f"{count:,} {why}" for why, count in stores_left_out)
        count = plural(sum(count for _, count in stores_left_out), "vector store")
        lines.append(f"{count} not declared: {told} ({command('ls', '--stores')} lists all)")
    if unmarked:
        found = f"only the mark that makes {plural(unmarked, 'vector store')} yours"
    folder = f", {FOLDER}/" if any(one.fetched for one in result.declared) else ""
    lines.append(
        f"next: read {manifest}, run {command('plan')}, which should find {found}, and commit "
        f"{manifest}, {lock}{folder} and the schema"
    )
    return lines


def guess_warning(declared: Sequence[Declared]) -> str | None:
    """Return the warning about files whose content could not be compared, None without any."""
    guessed = [one for one in declared if not one.compared]
    if not guessed:
        return None
    named = listed(
        sorted(f"{printable(one.found.key)} ({printable(one.path)})" for one in guessed), _NAMED
    )
    was = "file was" if len(guessed) == 1 else "files were"
    return (
        f"{len(guessed):,} {was} taken by name and size, and the content was not compared: "
        f"{named}; if one is another, {command('forget', 'KEY')} gives it up"
    )


def _sources(declared: Sequence[Declared]) -> Iterable[str]:
    paths = {one.path for one in declared if one.fetched}
    if fetched := sum(one.path in paths for one in declared):
        yield f"{fetched:,} downloaded into {FOLDER}/"
    if here := len(declared) - fetched:
        yield f"{here:,} found in this folder"


def _in_brackets(parts: Iterable[str]) -> str:
    told = ", ".join(parts)
    return f" ({told})" if told else ""
