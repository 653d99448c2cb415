"""The parts of one JSONL file, put together: line numbers, duplicates, counts and limits."""

from __future__ import annotations

from collections.abc import Callable

from filesync.core.content import batch
from filesync.core.content.findings import Tally, Verdict
from filesync.core.content.fine_tune import MIN_EXAMPLES
from filesync.core.content.frame import Frame
from filesync.core.content.json_line import BOM, LineParser, quoted
from filesync.core.content.lines import Part
from filesync.core.content.repeated import Keys
from filesync.core.text import plural

MAX_IMAGE_EXAMPLES = 50_000
_NEAR = 0.9


class Whole:
    """Puts together what was found in the parts of one file, added in their order."""

    def __init__(self, purpose: str, frame: Frame) -> None:
        self._purpose = purpose
        self._frame = frame
        self._tally = Tally()
        self._keys = Keys()
        self._images = 0
        self._inputs = 0
        self._crlf: tuple[int, int] | None = None
        self.lines = 0
        if frame.refused:
            self._tally.add(1, *frame.refused)

    def add(self, part: Part) -> None:
        """Add the next part."""
        for finding in part.findings:
            self._tally.add((finding.line or 1) + self.lines, finding.rule, finding.message)
        kept = {"error": 0, "warning": 0}
        for finding in part.findings:
            kept[finding.severity] += 1
        self._tally.uncounted("error", part.errors - kept["error"])
        self._tally.uncounted("warning", part.warnings - kept["warning"])
        if part.crlf:
            count, line = self._crlf or (0, part.crlf[1] + self.lines)
            self._crlf = count + part.crlf[0], line
        self._keys.add(part.keys)
        self._images += part.images
        self._inputs += part.inputs
        self.lines += part.lines

    def verdict(self, read_line: Callable[[int], bytes]) -> Verdict:
        """Return the verdict on the whole file; `read_line` returns one of its lines again.

        Lines are read again only where two look alike, at most SHOWN pairs of them.
        """
        if self._frame.refused:
            return self._tally.verdict()
        if self._frame.doubt:
            self._tally.add(None, *self._frame.doubt)
        if self._purpose in ("batch", "fine-tune"):
            self._repeated(read_line)
        if self._crlf:
            count, line = self._crlf
            self._tally.add(line, "crlf", f"{plural(count, 'line')} end in CR LF; LF is usual")
        if self._purpose == "batch":
            self._limits_of_batch()
        elif self._purpose == "fine-tune":
            self._limits_of_examples()
        return self._tally.verdict()

    def _limits_of_batch(self) -> None:
        limit = batch.MAX_REQUESTS
        if self.lines > limit:
            self._tally.add(
                limit + 1, "too-many-requests", f"{self.lines:,} requests; the limit is {limit:,}"
            )
        elif self.lines > limit * _NEAR:
            self._tally.add(None, "near-limit", f"{self.lines:,} of {limit:,} requests")
        if self._inputs > batch.MAX_INPUTS:
            self._tally.add(
                None,
                "too-many-inputs",
                f"{self._inputs:,} embedding inputs; the limit is {batch.MAX_INPUTS:,}",
            )

    def _limits_of_examples(self) -> None:
        if self.lines < MIN_EXAMPLES:
            found = plural(self.lines, "example")
            self._tally.add(None, "few-examples", f"{found}; a job needs at least {MIN_EXAMPLES}")
        if self._images > MAX_IMAGE_EXAMPLES:
            self._tally.add(
                None,
                "too-many-image-examples",
                f"{self._images:,} examples with images; the limit is {MAX_IMAGE_EXAMPLES:,}",
            )

    def _repeated(self, read_line: Callable[[int], bytes]) -> None:
        count, found = self._keys.repeated()
        parser = LineParser()
        rule = "duplicate-custom-id" if self._purpose == "batch" else "duplicate-example"
        shown = 0
        for line, first in found:
            one = read_line(line).rstrip(b"\r")
            other = read_line(first).rstrip(b"\r").removeprefix(BOM)
            if self._purpose == "batch":
                ids = [batch.custom_id_of(parser.parse(text) or {}) for text in (one, other)]
                if ids[0] == ids[1]:
                    message = f"the `custom_id` {quoted(ids[0])} is that of line {first}"
                    self._tally.add(line, rule, message)
                    shown += 1
            elif one == other:
                self._tally.add(line, rule, f"the same example as in line {first}")
                shown += 1
        # Beyond these, equal hashes of 64 bits count as equal lines.
        more = max(0, count - len(found))
        self._tally.uncounted("error" if self._purpose == "batch" else "warning", more)
