"""Find the files of a manifest on disk, and every problem with them.

A file that cannot be read is in the result, with its fault, and a folder that cannot be listed is
a Problem. Neither is just missing, because the plan would delete a missing file.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from filesync.core.decide.desired import same_keys
from filesync.core.globs import Glob, States
from filesync.core.model import Entry, ScannedFile
from filesync.core.object_url import is_url, object_url
from filesync.core.text import composed, odd_character, printable
from filesync.errors import Problem
from filesync.local.excludes import Excluded, Excludes, matches_nothing
from filesync.local.files import as_on_disk, identity, why
from filesync.local.own_files import emulators_own, is_written_by_us
from filesync.local.state_dir import STATE_DIR, state_dir

# Control characters, and the lone surrogates that stand for bytes which are not UTF-8. Neither
# gets through JSON, HTTP headers and a terminal unchanged.
_BAD_IN_NAME = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_UNKNOWN = (0, 0, 0, 0)  # the identity of a file that cannot be examined
_ALLOW = "; pass --allow-outside to allow it"


def scan(
    entries: Sequence[Entry],
    root: str,
    *,
    allow_outside: bool,
    ignore: frozenset[str] = frozenset(),
    on_warning: Callable[[str], None] = lambda _: None,
) -> tuple[list[ScannedFile], list[Problem]]:
    """Find the files of all entries below `root`, the manifest's folder; nothing is opened.

    Returns the files sorted by key, and every problem; problems are never raised. `ignore`
    holds paths relative to `root` that globs pass over and entries may not name: the manifest
    and its lockfile. The folder `.filesync` always belongs to them, and globs take no lockfile,
    saved plan or emulator's data (see `own_files`). `on_warning` gets what is odd but not a
    problem: excludes that match nothing, names that differ only in case.

    Keys and paths are in Unicode's composed form (NFC), whichever form the disk has: systems
    differ in that, and an apply on one must not undo that of another.

    A path entry has the entry's key. The files of a glob have `<entry key>/<path below the
    glob's fixed prefix>`, the prefix being its leading segments without a wildcard, never the
    last one. `core.globs` describes the language; beyond it:

    - `**` does not enter symlinked folders, so there are no loops; a segment that matches the
      link's name does enter.
    - Files and folders behind symlinks are taken if they are inside `root`, refused otherwise.
    - `exclude` speaks the same language, relative to `root` too, and wins over every refusal.

    A `file://` URL is the path that it names: outside of `root` refused as any other. Its files
    are shown by URL.
    """
    scanner = _Scanner(root, allow_outside, ignore)
    for entry in entries:
        before, local = len(scanner.files), _on_disk(entry, root)
        if local.glob is not None:
            scanner.glob(local, local.glob)
        elif local.path is not None:
            scanner.path(local, local.path)
        if local is not entry:
            scanner.files[before:] = [
                file._replace(entry=entry, path=f"file://{file.absolute}")
                for file in scanner.files[before:]
            ]
    files = sorted(scanner.files, key=attrgetter("key"))
    for warning in (*scanner.useless_excludes(), *_case_clashes(files)):
        on_warning(warning)
    return files, [*scanner.problems, *same_keys(files)]


def _on_disk(entry: Entry, root: str) -> Entry:
    """Return an entry with its `file://` URLs as paths, relative to `root` where they are in it."""

    def path(text: str) -> str:
        inside = os.path.abspath(root).rstrip("/") + "/"
        return object_url(text).key.removeprefix(inside) if is_url(text) else text

    if not is_url(entry.path or entry.glob or ""):
        return entry
    return entry._replace(
        path=entry.path and path(entry.path),
        glob=entry.glob and path(entry.glob),
        exclude=tuple(map(path, entry.exclude)),
    )


def _case_clashes(files: Sequence[ScannedFile]) -> Iterator[str]:
    """Yield a warning for each file of a glob that another one's name hides on some systems."""
    first: dict[str, str] = {}
    for file in files:
        if file.entry.glob is None:
            continue
        known = first.setdefault(file.path.casefold(), file.path)
        if known != file.path:
            yield (
                f"{printable(known)} and {printable(file.path)} differ only in case: a checkout on"
                " macOS or Windows has only one of them, and an apply there deletes the other"
            )


class _Folder(NamedTuple):
    """A folder still to be listed. Both prefixes end in "/", or the label is empty."""

    prefix: str  # to reach it
    label: str  # as paths below it are shown
    real: str  # without symlinks
    states: States
    excluded: Excluded


class _Scanner:
    def __init__(self, root: str, allow_outside: bool, ignore: frozenset[str]) -> None:
        self.files: list[ScannedFile] = []
        self.problems: list[Problem] = []
        self.entry: Entry  # the one at hand
        self._root = os.path.abspath(root)
        self._real_root = os.path.realpath(root)
        self._allow_outside = allow_outside
        # Cached by real folder, so that it is computed once per folder, not once per file.
        self._ours: dict[str, set[str]] = {}
        self._states = [
            posixpath.join(self._real_root, STATE_DIR),
            # Any place can be named for it, also one in this folder.
            os.path.realpath(state_dir(f"{self._real_root}/")),
        ]
        for path in (*ignore, *self._states):
            folder, name = posixpath.split(posixpath.join(self._real_root, path))
            folder = os.path.realpath(folder)
            self._ours.setdefault(folder, set()).add(name)
            # The lockfile may be a symlink: its target is the lockfile too.
            folder, name = posixpath.split(os.path.realpath(f"{folder}/{name}"))
            self._ours.setdefault(folder, set()).add(name)
        self._euid = os.geteuid()
        self._excludes: list[tuple[Entry, Excludes]] = []

    def complain(self, message: str) -> None:
        field = "path" if self.entry.glob is None else "glob"
        line, col = self.entry.at(field)
        where = f"files.{printable(self.entry.key)}.{field}"
        self.problems.append(Problem(line, col, where, message))

    def useless_excludes(self) -> Iterator[str]:
        """Yield a warning for each exclude that matches nothing.

        One of the defaults has to match in one glob only.
        """
        unused: dict[tuple[str, str], bool] = {}
        for entry, excludes in self._excludes:
            own = "exclude" in entry.positions
            for i, pattern in enumerate(excludes.patterns):
                at = (f"files.{printable(entry.key)}" if own else "defaults", pattern)
                unused[at] = unused.get(at, True) and i in excludes.unused
        for (where, pattern), useless in unused.items():
            if useless:
                yield f"{where}.exclude: {matches_nothing(pattern)}"

    # One path

    def path(self, entry: Entry, written: str) -> None:
        """Check the file of a path entry and add it."""
        self.entry = entry
        if self._bad_name(written):
            return
        shown = printable(written)
        label = posixpath.normpath(written)
        if posixpath.isabs(label) or label.split("/", 1)[0] == "..":
            if not self._allow_outside:
                how = "is an absolute path" if posixpath.isabs(label) else "leaves the folder"
                self.complain(f"{shown} {how}: paths stay inside the manifest's folder{_ALLOW}")
                return
            label = written
        absolute = as_on_disk(self._root, label)
        try:
            st = os.stat(absolute)
        except (FileNotFoundError, NotADirectoryError):
            broken = os.path.islink(absolute)
            said = f"{shown} is a broken symlink" if broken else f"no such file: {shown}"
            self.complain(said + _meant(written))
            return
        except OSError as error:
            self._unreadable(entry.key, label, absolute, error)
            return
        # Asked for every path, as any folder on the way may be a symlink.
        real = os.path.realpath(absolute)
        if self._refused(real, label):
            return
        if self._is_ours(real):
            self.complain(f"{shown} is a file of filesync itself")
        elif stat.S_ISDIR(st.st_mode):
            self.complain(f"{shown} is a folder; use glob: {posixpath.join(shown, '**')}")
        elif self._regular(st, label):
            self._add(entry.key, label, absolute, st, self._fault(st, absolute))

    # Globs

    def glob(self, entry: Entry, pattern: str) -> None:
        """Walk the folders that the pattern can match and add its files."""
        self.entry = entry
        shown = printable(pattern)
        if self._bad_name(pattern):
            return
        glob = Glob(composed(pattern))
        if not glob.segments:
            self.complain(f"{shown} names no file; for all files of the folder write **")
            return
        absolute = posixpath.isabs(pattern)
        if (absolute or ".." in glob.segments) and not self._allow_outside:
            how = "is an absolute path" if absolute else "contains '..'"
            self.complain(f"{shown} {how}: globs stay inside the manifest's folder{_ALLOW}")
            return
        excludes = Excludes(entry.exclude)
        files, problems = len(self.files), len(self.problems)
        base = self._base(glob, excludes, absolute)
        if base is not None:
            self._walk(glob, excludes, base)
            self._excludes.append((entry, excludes))
        if (len(self.files), len(self.problems)) == (files, problems) and not entry.allow_empty:
            folder = os.path.isdir(posixpath.join(self._root, pattern))
            hint = f"; for the files of the folder write {posixpath.join(shown, '**')}"
            self.complain(
                f"{shown} matches no file{hint if folder else _meant(pattern, glob=True)}"
                "; set `allow_empty: true` to allow that"
            )

    def _base(self, glob: Glob, excludes: Excludes, absolute: bool) -> _Folder | None:
        """Return the folder that the fixed prefix names, None if there is nothing to list."""
        fixed = glob.prefix
        states, excluded = glob.start, excludes.start
        for name in fixed:
            states = glob.step(states, name)
            excluded = excludes.step(excluded, name)
        label = "/" * absolute + "".join(f"{name}/" for name in fixed)
        path = as_on_disk(self._root, label)
        real = os.path.realpath(path)
        if self._refused(real, label or ".") or self._is_ours(real):
            return None
        try:
            if not stat.S_ISDIR(os.stat(path).st_mode):
                return None
        except (FileNotFoundError, NotADirectoryError):
            # The folder does not exist: an empty match, unless a symlink (a disk that is not
            # mounted?) says that something should be there.
            if real != posixpath.normpath(posixpath.join(self._real_root, label)):
                self.complain(f"{printable(label)} leads to a broken symlink")
            return None
        except OSError as error:
            self.complain(f"cannot list {printable(label)}: {why(error)}")
            return None
        return _Folder(path if path.endswith("/") else path + "/", label, real, states, excluded)

    def _walk(self, glob: Glob, excludes: Excludes, base: _Folder) -> None:
        below = len(base.label)
        folders = [base]
        while folders:
            folder = folders.pop()
            matches = glob.final(folder.states)
            tests = excludes.tests(folder.excluded)
            keys = f"{self.entry.key}/{folder.label[below:]}"
            for item in self._listed(folder):
                name = composed(item.name)
                link = item.is_symlink()
                if _is_dir(item):
                    folders += self._inside(folder, item, glob, excludes)
                    continue
                dropped = excludes.drop(tests, name) if tests else False
                if not dropped and matches and matches(name):
                    if not is_written_by_us(item.path):
                        self._match(keys + name, folder.label + name, item, link=link)
                elif link and not dropped and not os.path.exists(item.path):
                    # What was a folder may be gone (a disk that is not mounted?).
                    folders += self._inside(folder, item, glob, excludes)

    def _listed(self, folder: _Folder) -> list[os.DirEntry[str]]:
        ours = self._ours.get(folder.real, set())
        try:
            with os.scandir(folder.prefix) as items:
                listed = list(items)
        except OSError as error:
            self.complain(f"cannot list {printable(folder.label or '.')}: {why(error)}")
            return []
        ours = ours | emulators_own([item.name for item in listed])
        return [item for item in listed if item.name not in ours] if ours else listed

    def _inside(
        self, folder: _Folder, item: os.DirEntry[str], glob: Glob, excludes: Excludes
    ) -> list[_Folder]:
        """Return a list of the folder `item`, empty if the glob cannot match anything in it."""
        name, link = composed(item.name), item.is_symlink()
        label = f"{folder.label}{name}/"
        states = glob.step(folder.states, name, deep=not link)
        if not (states or excludes.unused):
            return []
        excluded = excludes.step(folder.excluded, name)
        if excludes.cover(excluded, label) or not states:
            return []
        real = f"{folder.real}/{item.name}"
        if link:
            real = os.path.realpath(real)
            if self._is_ours(real) or self._refused(real, label):
                return []
            if not os.path.exists(real):
                self.complain(f"{printable(folder.label + name)} is a broken symlink")
                return []
        return [_Folder(f"{folder.prefix}{item.name}/", label, real, states, excluded)]

    def _match(self, key: str, label: str, item: os.DirEntry[str], *, link: bool) -> None:
        """Add a matched name, or say what is wrong with it."""
        if not label.isprintable() and self._bad_name(label):
            return
        try:
            st = item.stat()
        except FileNotFoundError:
            what = "is a broken symlink" if link else "vanished while its folder was listed"
            self.complain(f"{printable(label)} {what}")
            return
        except OSError as error:
            self._unreadable(key, label, item.path, error)
            return
        if link:
            real = os.path.realpath(item.path)
            if self._is_ours(real) or self._refused(real, label):
                return
        if self._regular(st, label):
            self._add(key, label, item.path, st, self._fault(st, item.path))

    # Checks; each says what is wrong

    def _bad_name(self, path: str) -> bool:
        if not (bad := _BAD_IN_NAME.search(path)):
            return False
        what = "bytes that are not UTF-8" if bad.group() >= "\ud800" else "control characters"
        self.complain(f"the name {printable(path)} has {what}")
        return True

    def _refused(self, real: str, label: str) -> bool:
        root = self._real_root
        if self._allow_outside or real == root or real.startswith(root.rstrip("/") + "/"):
            return False
        self.complain(
            f"{printable(label)} leads out of the manifest's folder by a symlink,"
            f" to {printable(real)}{_ALLOW}"
        )
        return True

    def _is_ours(self, real: str) -> bool:
        folder, name = posixpath.split(real)
        return name in self._ours.get(folder, ()) or any(
            f"{real}/".startswith(state + "/") for state in self._states
        )

    def _regular(self, st: os.stat_result, label: str) -> bool:
        if stat.S_ISREG(st.st_mode):
            return True
        self.complain(f"{printable(label)} is not a regular file")
        return False

    def _fault(self, st: os.stat_result, path: str) -> str:
        """Return why a regular file cannot be read, "" if it can."""
        # The owner's own bit decides for the owner, which saves a system call a file.
        if (st.st_uid == self._euid and st.st_mode & stat.S_IRUSR) or os.access(path, os.R_OK):
            return ""
        return "permission denied"

    def _unreadable(self, key: str, label: str, absolute: str, error: OSError) -> None:
        """Add a file that could not be examined; a name that leads nowhere is a problem."""
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            self.complain(f"cannot read {printable(label)}: {why(error)}")
        else:
            self._add(key, label, absolute, None, why(error))

    def _add(
        self, key: str, label: str, absolute: str, st: os.stat_result | None, fault: str
    ) -> None:
        """Add a file; `st` is None where it could not even be examined."""
        if not label.isascii():
            key, label = composed(key), composed(label)
        if key == label:
            key = label  # as it often is: the same text, in memory once
        what = _UNKNOWN if st is None else identity(st)
        self.files.append(ScannedFile(self.entry, key, label, absolute, *what, fault))


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:
        # A symlink that cannot be followed; what comes next will say so.
        return False


def _meant(written: str, *, glob: bool = False) -> str:
    """Return what a path or glob without a file may have been meant as, "" for an ordinary one."""
    if written.startswith("~"):
        return "; ~ is not your home folder here: write the path from the manifest's folder"
    if not glob and any(sign in written for sign in "*?["):
        return "; for a pattern write `glob` in place of `path`"
    if "\\" in written and "/" not in written:
        return "; write '/' between folders"
    if odd := odd_character(written):
        return f"; the name has {odd} in it"
    if re.search(r"\{[^{}]*,[^{}]*\}", written):
        return "; braces are not special in a glob: write one entry for each alternative"
    if re.search(r"\$[A-Za-z_]", written):
        return "; a variable is written ${FILESYNC_VAR_NAME}"
    return ""
