"""How a file is handled: its own fields over the defaults over what is built in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from filesync.core.durations import format_duration
from filesync.core.manifest import yaml_reader
from filesync.core.manifest.environments import by_name
from filesync.core.manifest.problems import Report
from filesync.core.manifest.schema import SECTIONS, Defaults, File, Shape
from filesync.core.manifest.yaml_reader import Place
from filesync.core.model import Policy
from filesync.core.purposes import Purpose
from filesync.core.servers import ServerType

_EXPIRY_FIELDS = {"purpose", "expires_after", "renew_before"}
_DEFAULTS: Place = ("defaults",)
# For a purpose that the server does not take, which is an error of its own.
_ANY = Purpose(None, None, may_never_expire=True)


def policy_of(fields: Defaults, server: ServerType) -> Policy:
    """Return how to handle a file, from the entry's fields and the defaults, already merged."""
    purpose = fields.get("purpose", server.default_purpose)
    rule = server.purposes.get(purpose, _ANY)
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
        validate=fields.get("validate", True),
    )


class _Target(NamedTuple):
    """One target of a manifest: the manifest itself, or one of its environments.

    `own` are the defaults that stand at the last place of `inherited`, `merged` all that apply to
    it. `where` follows the subject of a message.
    """

    server: ServerType
    own: Defaults
    merged: Defaults
    inherited: list[Place]
    where: str = ""


def check_policies(
    report: Report, shape: Shape, target_of: Callable[[str | None], ServerType]
) -> None:
    """Report what the server of each target does not take, and what is wrong about expiry.

    `target_of` gives the type of server of an environment, None for the manifest itself. An entry
    is reported once, for the first target in which it is wrong.
    """
    files, defaults = shape.get("files", {}), shape.get("defaults", {})
    base = target_of(None)
    _check_target(report, files, _Target(base, defaults, defaults, [_DEFAULTS]))
    for name, environment in by_name(shape).items():
        own, server = environment.get("defaults", {}), target_of(name)
        # Other defaults make no difference, and files may be many.
        if own.keys() & _EXPIRY_FIELDS or server is not base:
            merged: Defaults = {**defaults, **own}
            places = [_DEFAULTS, ("environments", name, "defaults")]
            where = f" in environment {name}"
            _check_target(report, files, _Target(server, own, merged, places, where))


def _check_target(report: Report, files: Mapping[str, File], target: _Target) -> None:
    """Check all files of one target, and then its defaults."""
    for key, file in files.items():
        with_defaults: File = {**target.merged, **file}
        _check(report, ("files", key), file, policy_of(with_defaults, target.server), target)
    # After the entries: a fault of the defaults themselves must not hide one of an entry.
    place = target.inherited[-1]
    _check(report, place, target.own, policy_of(target.merged, target.server), target)
    if len(place) > 1 and (fault := _inherited_fault(target)):
        report.add(place[:2], f"`defaults` does not fit here: {fault}", at_key=True)


def _inherited_fault(target: _Target) -> str:
    """Return what an environment's server does not take of the manifest's own defaults.

    They may be right where they stand, and the environment can have others.
    """
    merged, own = target.merged, target.own
    if "purpose" in merged and "purpose" not in own:
        fault = _purpose_fault(merged["purpose"], target)
        if fault:
            return f"purpose {fault}"
    policy = policy_of(merged, target.server)
    # A file that always expires passes over a `never` that it inherits.
    given = "expires_after" not in own and merged.get("expires_after") is not None
    fault = _expiry_fault(merged, policy, target) if given else ""
    return f"expires_after {fault}" if fault else ""


def _check(report: Report, place: Place, own: Defaults, policy: Policy, target: _Target) -> None:
    """Report what is wrong at `place`: `own` is what stands there, `policy` what comes of it."""
    if _is_open(report, place):
        return
    inherits_faults = any(_is_open(report, one) for one in target.inherited)
    if inherits_faults and "purpose" not in own:
        return
    if message := _purpose_fault(policy.purpose, target):
        if "purpose" in own:
            report.add((*place, "purpose"), message)
        return
    if message := _expiry_fault(own, policy, target):
        report.add((*place, "expires_after"), message)
    if not inherits_faults:
        _check_renewal(report, place, own, policy, target)


def _purpose_fault(purpose: str, target: _Target) -> str:
    """Return what is wrong with a purpose on the server of a target, "" if it takes that."""
    server = target.server
    if purpose in server.purposes:
        return ""
    allowed = ", ".join(server.purposes)
    return f"must be one of {allowed} on a server of type {server.name}{target.where}"


def _expiry_fault(own: Defaults, policy: Policy, target: _Target) -> str:
    """Return what is wrong with the `expires_after` that stands in `own`, "" if nothing is."""
    server, seconds = target.server, own.get("expires_after", 0)
    if seconds == 0 or (seconds is None and server.expiry is None):
        return ""
    if server.expiry is None:
        return f"must be never on a server of type {server.name}{target.where}: it takes no expiry"
    low, high = (format_duration(bound) for bound in server.expiry)
    allowed = low if low == high else f"{low} to {high}"
    rule = server.purposes.get(policy.purpose, _ANY)
    if seconds is None:
        if rule.may_never_expire:
            return ""
        default = format_duration(rule.default_expires_after or 0)
        return (
            f"{policy.purpose} files{target.where} always expire: "
            f"give {allowed}, or remove it for {default}"
        )
    if server.expiry[0] <= seconds <= server.expiry[1]:
        return ""
    never = ", or never" if rule.may_never_expire else ""
    return f"must be {allowed}{never}, on a server of type {server.name}{target.where}"


def _check_renewal(
    report: Report, place: Place, own: Defaults, policy: Policy, target: _Target
) -> None:
    """Report a `renew_before` without an expiry, or one that is as long as the file lives."""
    where = target.where
    if policy.expires_after is None:
        if "renew_before" in own and place not in target.inherited:
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
        always_expires = not target.server.purposes[policy.purpose].may_never_expire
        if always_expires and "purpose" in own:
            report.add((*place, "purpose"), message)


def _is_open(report: Report, place: Place) -> bool:
    """Tell if problems of the mapping at `place` leave open what its expiry should be."""
    return place in report.faulty and any(
        (*place, field) in report.faulty
        and (field in _EXPIRY_FIELDS or field not in SECTIONS["files"])
        for field in yaml_reader.mapping(report.root, place)
    )
