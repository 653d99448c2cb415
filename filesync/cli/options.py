"""Options that many commands share, and what they add up to."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeVar

import click

from filesync.cli.completions import files, purposes, selections
from filesync.core.commands import DEFAULT_MANIFEST, commands_for, flags, word
from filesync.core.text import composed, printable, quoted
from filesync.errors import FilesyncError, Interrupted

if TYPE_CHECKING:  # brings the decision table and all that it knows, which --help does without
    from filesync.core.run import Run, Shard

F = TypeVar("F", bound=Callable[..., Any])


class Common(NamedTuple):
    """The options that may stand before or after any command's name."""

    manifest: str
    env: str | None
    base_url: str | None
    quiet: bool
    full: bool = False
    log_http: bool = False
    directory: str | None = None
    allow_env: tuple[str, ...] = ()
    timeout: float | None = None
    manifests: tuple[str, ...] = ()  # all that were named, if there are several
    found: bool = False  # whether the manifest was looked for: nobody named one
    pager: bool = False  # whether what is taller than the terminal is paged

    def run(self, **more: Any) -> Run:
        """Return the run that these and a command's own options ask for."""
        from filesync.core.run import Run

        return Run(
            manifest=self.manifest,
            found=self.found,
            base_url=self.base_url,
            env=self.env,
            directory=self.directory,
            allow_env=self.allow_env,
            timeout=self.timeout,
            **more,
        )

    @property
    def columns(self) -> int | None:
        """How wide the terminal is that stdout goes to; None for none."""
        if not sys.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size().columns

    def note(self, message: str) -> None:
        """Tell something on stderr, unless told to be quiet."""
        if not self.quiet:
            click.echo(printable(message), err=True)

    def hint(self, message: str) -> None:
        """Tell someone at a terminal what to do next; scripts and logs do without."""
        if sys.stderr.isatty():
            self.note(f"  -> {message}")

    def warn(self, message: str) -> None:
        """Warn on stderr, quiet or not."""
        lead = paint("warning: ", "yellow", sys.stderr)
        text = lead + printable(message)
        click.echo(text, err=True, color=coloured(sys.stderr))

    def naming(self) -> AbstractContextManager[None]:
        """Let what is said inside name its commands for this manifest, environment and server."""
        manifest = None if self.found else self.manifest
        return commands_for(flags(manifest, self.env, self.base_url, self.directory))


def common_options(command: F) -> F:
    """Add the options that every command takes; read them with `common()`."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Print only data, warnings and errors."),
        click.option("-v", "--verbose", is_flag=True, help="The same as --full --log-http."),
        click.option("--full", is_flag=True, help="Roll nothing up and shorten nothing."),
        click.option("--log-http", is_flag=True, help="Log each request on stderr."),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            help="How --log-http writes; json is one object a line.",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            help="When to use colours. [env: NO_COLOR, FORCE_COLOR; default: on a terminal]",
        ),
        click.option("--base-url", metavar="URL", help="The API's base URL, or emulator:DIR."),
        click.option(
            "--state-dir",
            metavar="DIR",
            help="Keep cache and journal there instead of in .filesync.  [env: FILESYNC_STATE_DIR]",
        ),
        click.option(
            "--allow-env",
            metavar="NAME",
            multiple=True,
            help="Let the manifest use ${NAME}, too, besides FILESYNC_VAR_*.  "
            "[env: FILESYNC_ALLOW_ENV]",
        ),
        click.option(
            "--env",
            metavar="NAME",
            help="One of the manifest's environments.  [env: FILESYNC_ENV]",
        ),
        click.option(
            "-m",
            "--manifest",
            metavar="PATH",
            multiple=True,
            shell_complete=files,
            help="The manifest.  [env: FILESYNC_MANIFEST; default: the nearest filesync.yaml or "
            "filesync.yml, in this folder or above]",
        ),
        click.option(
            "-C",
            "directory",
            metavar="DIR",
            help="Run as if started in DIR.",
        ),
    ):
        command = option(command)
    return command


# Common options that mean nothing to some commands: taken there, too, but not in their help.
_OF_A_MANIFEST = {"manifest", "env", "allow_env", "base_url", "state_dir"}
_OF_REQUESTS = {"log_http", "log_format"}


class _Command(click.Command):
    """A command whose help ends with examples: command lines with what each is for."""

    examples: Mapping[str, str]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(self.examples.items()), col_max=_EXAMPLE_COLUMNS)


_EXAMPLE_COLUMNS = 44


def subcommand(
    name: str,
    *options: Callable[[F], F],
    examples: Mapping[str, str] = MappingProxyType({}),
    search: bool = True,
    several: bool = False,
    manifest: bool = True,
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command with the common options; its function gets them first, as a Common.

    `examples` are command lines for its help, each with what it is for. Without `search`, a
    manifest that is not named is the one in this folder, whether it is there or not.
    With `several`, it takes more than one manifest. Without `manifest` it needs none, and its help
    leaves out the options that say which; what logs requests stands only where there are any.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def run(**values: Any) -> None:
            common = _common(click.get_current_context(), values, search)
            if len(common.manifests) > 1 and not several:
                raise click.UsageError(f"{name} takes one --manifest")
            for typed in ("key", "old", "new", "store", "only", "exclude"):
                if typed in values:
                    values[typed] = _composed(values[typed])
            if "exclude" in values:
                from filesync.core.run import Filters

                values["filters"] = Filters(*map(values.pop, ("only", "exclude", "purposes")))
            speaks_to_a_server = "allow_insecure_http" in values
            common = common._replace(timeout=values.pop("timeout", None))
            # With --log-http each request is logged anyway.
            noted = speaks_to_a_server and not (common.quiet or common.log_http)
            with common.naming(), _noting_retries() if noted else nullcontext():
                function(common, **values)

        made: Callable[..., None] = common_options(run)
        for option in reversed(options):
            made = option(made)
        command = click.command(name, cls=_Command)(made)
        command.examples = examples
        names = {param.name for param in command.params}
        idle = set() if manifest else set(_OF_A_MANIFEST)
        if "allow_insecure_http" not in names and name != "emulator":  # which logs its own
            idle |= _OF_REQUESTS
        for param in command.params:
            if param.name in idle:
                param.hidden = True  # type: ignore[attr-defined]  # they are options
        return command

    return decorate


def _composed(said: Any) -> Any:
    """Return what was typed as keys have it: terminals differ in how they write an accent."""
    if isinstance(said, str):
        return composed(said)
    return tuple(map(composed, said)) if isinstance(said, tuple) else said


class CommandGroup(click.Group):
    """A command whose first argument is a command; its help ends with the examples of them all."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # Otherwise click takes its whole help for what is wrong with a call.
        self.no_args_is_help = False

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        found = [one for one in self.commands.values() if isinstance(one, _Command)]
        examples = [pair for one in found for pair in one.examples.items()]
        with formatter.section("Examples"):
            formatter.write_dl(examples, col_max=_EXAMPLE_COLUMNS)


def _noting_retries() -> AbstractContextManager[None]:
    from filesync.cli.retry_notes import noting_retries

    return noting_retries()


def _common(context: click.Context, values: dict[str, Any], search: bool) -> Common:
    """Take the common options out of a command's values; its own win over those before it."""
    before = []
    while context.parent is not None:
        context = context.parent
        before.append(context.params)

    def pick(name: str) -> Any:
        return values.pop(name) or next((one[name] for one in before if one.get(name)), None)

    verbose = bool(pick("verbose"))
    if directory := pick("directory"):
        _change_to(directory)
    named = pick("manifest") or (os.environ.get("FILESYNC_MANIFEST"),)
    manifests = tuple(_manifest(one, search) for one in dict.fromkeys(named))
    common = Common(
        manifest=manifests[0],
        manifests=manifests if len(manifests) > 1 else (),
        found=not any(named),
        env=pick("env") or os.environ.get("FILESYNC_ENV") or None,
        base_url=pick("base_url"),
        quiet=bool(pick("quiet")),
        full=bool(pick("full")) or verbose,
        log_http=bool(pick("log_http")) or verbose,
        directory=directory,
        allow_env=tuple(
            name
            for one in (*reversed(before), {"allow_env": values.pop("allow_env")})
            for name in one.get("allow_env") or ()
        ),
    )
    if state := pick("state_dir"):
        # Everything that asks where the state is, in this process or in one it starts, must agree.
        os.environ["FILESYNC_STATE_DIR"] = os.path.abspath(state)
    _choose_colour(pick("color"))
    form = pick("log_format") or "text"
    if common.log_http:
        from filesync.cli.logs import log_http

        log_http(form)
    return common


def _choose_colour(said: str | None) -> None:
    """Make --color count for everything that asks, in this process or in one it starts."""
    if said in ("always", "never"):
        os.environ.pop("NO_COLOR", None)
        os.environ.pop("FORCE_COLOR", None)
        os.environ["FORCE_COLOR" if said == "always" else "NO_COLOR"] = "1"
    # click takes colours out where it sees no terminal.
    click.get_current_context().color = coloured(sys.stdout)


def _change_to(directory: str) -> None:
    try:
        os.chdir(directory)
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FilesyncError(
            f"cannot run in {quoted(directory)}: {because}", "name a folder with -C DIR"
        ) from None


def _manifest(named: str | None, search: bool) -> str:
    """Return the path of the manifest; FilesyncError for one that is a folder."""
    from filesync.local.find_manifest import find_manifest

    if named is None or named == "":
        return (find_manifest() if search else None) or DEFAULT_MANIFEST
    if os.path.isdir(named):
        raise FilesyncError(
            f"{quoted(named)} is a folder, not a manifest",
            f"to use the manifest in it, run `filesync -C {word(named)} ...`, "
            f"or name it: --manifest {word(os.path.join(named, DEFAULT_MANIFEST))}",
        )
    return named


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour a text for stdout or `stream`, if that takes colours; "bold" and "dim" are, too."""
    if not coloured(stream or sys.stdout):
        return text
    if colour in ("bold", "dim"):
        return click.style(text, **{colour: True})
    return click.style(text, fg=colour)


def coloured(stream: TextIO) -> bool:
    """Say whether to use colours on a stream: a terminal, unless NO_COLOR or FORCE_COLOR is set.

    NO_COLOR takes precedence; a FORCE_COLOR of 0 is as if it were not set.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "0") not in ("", "0") or stream.isatty()


def confirmed(question: str) -> bool:
    """Ask at the terminal, before anything is written; Ctrl-C and Ctrl-D say so and end the run."""
    with before_writing():
        return click.confirm(question, err=True)


@contextmanager
def before_writing() -> Iterator[None]:
    """Let Ctrl-C and Ctrl-D at a question end the run with a word that nothing was written."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        click.echo(err=True)  # the cursor still stands behind the question
        raise Interrupted("interrupted: nothing was written") from None


class WholeNumber(click.IntRange):
    """A whole number from `min` to `max`, which help says in words."""

    def _describe_range(self) -> str:
        return range_in_words(self)


class Number(click.FloatRange):
    """A number from `min` to `max`, which help says in words."""

    def _describe_range(self) -> str:
        return range_in_words(self)


def range_in_words(kind: click.IntRange | click.FloatRange) -> str:
    """Return the range of a number, such as `1 to 256`; "" where only negative ones are wrong."""
    return f"{kind.min:g} to {kind.max:g}" if kind.max is not None else ""


def seconds(_context: click.Context, _param: click.Parameter, value: str) -> int:
    """Return the seconds of a time such as 90s, 30m or 1h, as an option's callback."""
    from filesync.core.durations import parse_duration

    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


def shard(_context: click.Context, _param: click.Parameter, value: str | None) -> Shard | None:
    """Return the shard that I/N names, as an option's callback."""
    from filesync.core.shard import parse_shard

    try:
        return None if value is None else parse_shard(value)
    except ValueError as error:
        raise click.BadParameter(f"{quoted(value or '')} {error}") from None


shard_option = click.option(
    "--shard",
    callback=shard,
    metavar="I/N",
    help="Upload one of N shares of the keys, and write a piece of the lockfile: see lock merge.",
)
orphans_option = click.option(
    "--delete-orphans",
    is_flag=True,
    help="Delete files with this project's tag that neither manifest nor lockfile names.",
)


_ONLY = click.option(
    "--only",
    metavar="GLOB",
    multiple=True,
    help="Only the keys that match. Repeatable.",
    shell_complete=selections,
)
_EXCLUDE = click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Not the keys that match. Repeatable.",
    shell_complete=selections,
)
_PURPOSE = click.option(
    "--purpose",
    "purposes",
    metavar="PURPOSE",
    multiple=True,
    help="Only files of this purpose. Repeatable.",
    shell_complete=purposes,
)


def filter_options(function: F) -> F:
    """Add the options that narrow a command to some keys; it gets them as `filters`."""
    return _ONLY(_EXCLUDE(_PURPOSE(function)))


store_option = click.option(
    "--store", "of_store", is_flag=True, help="KEY names a vector store, not a file."
)
yes_option = click.option(
    "-y", "--yes", is_flag=True, help="Do not ask. Needed without a terminal."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE instead of stdout.",
    shell_complete=files,
)
outside_option = click.option(
    "--allow-outside", is_flag=True, help="Take files from outside the manifest's folder."
)
missing_option = click.option(
    "--accept-missing",
    is_flag=True,
    help="Continue although most locked files are gone from the platform.",
)
_timeout_option = click.option(
    "--timeout",
    type=Number(0, min_open=True),
    metavar="SECONDS",
    help="How long the server may be silent. Default 45, for content 600.",
)
_insecure_option = click.option(
    "--allow-insecure-http",
    is_flag=True,
    help="Send the key over plain http to another machine.",
)


def insecure_option(function: F) -> F:
    """Add the options of every command that speaks to a server."""
    return _insecure_option(_timeout_option(function))


max_delete_option = click.option(
    "--max-delete", type=WholeNumber(0), metavar="N", help="Allow N deletes."
)
index_timeout_option = click.option(
    "--index-timeout",
    callback=seconds,
    default="30m",
    show_default=True,
    metavar="TIME",
    help="How long to wait for documents in vector stores, such as 90s or 1h.",
)
concurrency_option = click.option(
    "--concurrency",
    type=WholeNumber(1, 256),
    metavar="N",
    default=8,
    show_default=True,
    help="Requests that send or delete at once.",
)
lock_timeout_option = click.option(
    "--lock-timeout",
    type=Number(0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another run on the same lockfile.",
)
