"""Which attributes differ, by deepdiff: loaded only for the few pairs that do."""

from __future__ import annotations

from collections.abc import Mapping


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the top-level fields that differ, sorted."""
    return tuple(_differing(before, after))


def explained(
    before: Mapping[str, object], after: Mapping[str, object]
) -> list[tuple[str, object, object]]:
    """Return each value that differs: its dotted name, before and after; None where there is none.

    Of nested mappings the innermost values are named, such as `metadata.team`. As in
    `same_attributes`, 1 is 1.0, and true is not 1.
    """
    one, other = _flat(before), _flat(after)
    pairs = [(name, one.get(name), other.get(name)) for name in _differing(one, other)]
    return [pair for pair in pairs if pair[1] != pair[2] or bool in map(type, pair)]


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    from deepdiff import DeepDiff  # 200 ms to import

    difference = DeepDiff(
        dict(before),
        dict(after),
        # Each name by itself, also where few are in both, and those that Python calls private.
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
    )
    return sorted(difference.affected_root_keys)


def _flat(value: Mapping[str, object], lead: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            flat |= _flat(inner, f"{lead}{name}.")
        else:
            flat[f"{lead}{name}"] = inner
    return flat
