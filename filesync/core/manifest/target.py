"""Which type of server a target of the manifest is on: the manifest itself or an environment."""

from __future__ import annotations

from filesync.core.manifest.schema import Environment, Shape
from filesync.core.servers import ServerType, Urls, server_type


def type_of(shape: Shape, environment: Environment, urls: Urls) -> ServerType:
    """Return the type of server of a target; {} is the manifest itself."""
    base_url = environment.get("base_url", shape.get("remote", {}).get("base_url"))
    url = urls.override or base_url or urls.fallback
    return server_type(said_type(shape, environment), url)


def said_type(shape: Shape, environment: Environment) -> str | None:
    """Return the type that a target is said to have, None if its host decides.

    An environment with a base_url of its own need not be on the kind of server that the manifest
    names.
    """
    if "type" in environment or "base_url" in environment:
        return environment.get("type")
    return shape.get("remote", {}).get("type")
