"""One manifest, several targets: what is wrong with its environments, and the one that was chosen.

Each target has a project of its own, without exception. The project is the owner token in remote
filenames: two targets that share one on the same platform take each other's files for orphans and
delete them. Different base URLs do not help, since --base-url and OPENAI_BASE_URL can bring
both to one server, and two URLs may lead to one account.
"""

from __future__ import annotations

from filesync.core.env_names import ENV_RULE, is_env_name
from filesync.core.manifest import yaml_reader
from filesync.core.manifest.fields import did_you_mean
from filesync.core.manifest.problems import Report
from filesync.core.manifest.schema import Environment, Shape
from filesync.core.manifest.yaml_reader import Place
from filesync.core.text import quoted

_SECTION: Place = ("environments",)


def names(report: Report) -> tuple[str, ...]:
    """Return the names of all environments there are, also of those with problems."""
    return tuple(name for name in yaml_reader.mapping(report.root, _SECTION) if is_env_name(name))


def by_name(shape: Shape) -> dict[str, Environment]:
    """Return the environments whose fields are sound by themselves, but not those without a name.

    A name that is none may be anything at all, and is in no message.
    """
    return {name: one for name, one in shape.get("environments", {}).items() if is_env_name(name)}


def check(report: Report, shape: Shape) -> None:
    """Report what is wrong with the environments, apart from their fields by themselves."""
    for name in yaml_reader.mapping(report.root, _SECTION):
        if not is_env_name(name):
            report.add((*_SECTION, name), ENV_RULE, at_key=True)
    owners = {shape["project"]: "the manifest itself"} if "project" in shape else {}
    for name, environment in by_name(shape).items():
        place = (*_SECTION, name)
        project = environment.get("project")
        if "project" not in yaml_reader.mapping(report.root, place):
            report.add(place, "needs a project: each environment has its own", at_key=True)
        elif project in owners:
            report.add(
                (*place, "project"),
                f"is the project of {owners[project]}, too: "
                "each would take the other's files for orphans and delete them",
            )
        elif project is not None:
            owners[project] = f"environment {name}"


def chosen(report: Report, shape: Shape, env: str | None) -> Environment:
    """Return the environment of that name, an empty one for none; report it if there is none."""
    if env is None:
        return {}
    known = names(report)
    if env not in known:
        there = f"there are {', '.join(known)}" if known else "the manifest has none"
        message = f"no environment {quoted(env)}: {there}{did_you_mean(env, known)}"
        report.add(_SECTION, message, at_key=True)
    return by_name(shape).get(env, {})
