"""How a file is handled: its own fields over the defaults over what is built in."""

from __future__ import annotations

from collections.abc import Mapping

from filesync.core.durations import format_duration
from filesync.core.manifest import yaml_reader
from filesync.core.manifest.environments import by_name
from filesync.core.manifest.problems import Report
from filesync.core.manifest.schema import SECTIONS, Defaults, File, Shape
from filesync.core.manifest.yaml_reader import Place
from filesync.core.model import Policy
from filesync.core.purposes import DEFAULT_PURPOSE, PURPOSES

_EXPIRY_FIELDS = {"purpose", "expires_after", "renew_before"}
_DEFAULTS: Place = ("defaults",)


def policy_of(fields: Defaults) -> Policy:
    """Return how to handle a file, from the entry's fields and the defaults, already merged."""
    purpose = fields.get("purpose", DEFAULT_PURPOSE)
    rule = PURPOSES[purpose]
    expires_after = fields.get("expires_after", rule.default_expires_after)
    if expires_after is None and not rule.may_never_expire:
        # `never` from the defaults means the files that can; on the entry itself it is an error.
        expires_after = rule.default_expires_after
    renew_before = fields.get("renew_before", (expires_after or 0) // 10)
    return Policy(
        purpose=purpose,
        expires_after=expires_after,
        renew_before=0 if expires_after is None else renew_before,
        protect=fields.get("protect", False),
        retain=fields.get("retain", 0),
        in_use=fields.get("in_use", "keep"),
        fingerprint=fields.get("fingerprint", False),
    )


def check_expiry(report: Report, shape: Shape) -> None:
    """Report what is wrong between purpose, expires_after and renew_before, in every environment.

    An entry is told of once, for the first target that it is wrong in.
    """
    files, defaults = shape.get("files", {}), shape.get("defaults", {})
    _check_target(report, files, defaults, defaults, [_DEFAULTS], "")
    for name, environment in by_name(shape).items():
        own = environment.get("defaults", {})
        if own.keys() & _EXPIRY_FIELDS:  # others do no harm, and files may be many
            merged: Defaults = {**defaults, **own}
            places = [_DEFAULTS, ("environments", name, "defaults")]
            _check_target(report, files, own, merged, places, f" in environment {name}")


def _check_target(
    report: Report,
    files: Mapping[str, File],
    own: Defaults,
    merged: Defaults,
    inherited: list[Place],
    where: str,
) -> None:
    """Check all files with one set of defaults: `own` at the last place of `inherited`."""
    for key, file in files.items():
        with_defaults: File = {**merged, **file}
        _check(report, ("files", key), file, policy_of(with_defaults), inherited, where)
    # After the entries: what is wrong in the defaults themselves must not hide what is theirs.
    _check(report, inherited[-1], own, policy_of(merged), inherited, where)


def _check(
    report: Report,
    place: Place,
    own: Defaults,
    policy: Policy,
    inherited: list[Place],
    where: str,
) -> None:
    """Report what is wrong at `place`: `own` is what stands there, `policy` what comes of it."""
    if _is_open(report, place):
        return
    inherits_faults = any(_is_open(report, one) for one in inherited)
    if inherits_faults and "purpose" not in own:
        return
    always_expires = not PURPOSES[policy.purpose].may_never_expire
    if always_expires and own.get("expires_after", 0) is None:
        message = f"{policy.purpose} files{where} always expire"
        advice = "give 1h to 30d, or remove it for 30d"
        report.add((*place, "expires_after"), f"{message}: {advice}")
    if inherits_faults:
        return
    if policy.expires_after is None:
        if "renew_before" in own and place not in inherited:
            message = f"nothing to renew: this file never expires{where}"
            report.add((*place, "renew_before"), message)
    elif policy.renew_before >= policy.expires_after:
        message = (
            f"renew_before ({format_duration(policy.renew_before)}) must be less than "
            f"expires_after ({format_duration(policy.expires_after)}){where}, "
            "or every run uploads again"
        )
        for field in ("renew_before", "expires_after"):
            if field in own:
                report.add((*place, field), message)
                return
        # Neither stands here: the defaults are wrong, and it is said there, unless the purpose
        # brought the expiry.
        if always_expires and "purpose" in own:
            report.add((*place, "purpose"), message)


def _is_open(report: Report, place: Place) -> bool:
    """Tell if problems of the mapping at `place` leave open what its expiry should be."""
    return place in report.faulty and any(
        (*place, field) in report.faulty
        and (field in _EXPIRY_FIELDS or field not in SECTIONS["files"])
        for field in yaml_reader.mapping(report.root, place)
    )
