"""Which attributes differ, by deepdiff: loaded only for the few pairs that do."""

from __future__ import annotations

from collections.abc import Mapping


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the top-level fields that differ, sorted."""
    from deepdiff import DeepDiff  # 200 ms to import

    difference = DeepDiff(dict(before), dict(after), ignore_numeric_type_changes=True)
    return tuple(sorted(difference.affected_root_keys))


def explained(
    before: Mapping[str, object], after: Mapping[str, object]
) -> list[tuple[str, object, object]]:
    """Return each value that differs: its dotted name, before and after; None where there is none.

    Of nested mappings the innermost values are named, such as `metadata.team`.
    """
    from deepdiff import DeepDiff

    one, other = _flat(before), _flat(after)
    difference = DeepDiff(one, other, ignore_numeric_type_changes=True)
    return [
        (name, one.get(name), other.get(name)) for name in sorted(difference.affected_root_keys)
    ]


def _flat(value: Mapping[str, object], lead: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            flat |= _flat(inner, f"{lead}{name}.")
        else:
            flat[f"{lead}{name}"] = inner
    return flat
