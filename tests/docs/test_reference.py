"""What the pages take from the code is what the code says, and nothing new is left out of it."""

from __future__ import annotations

from pathlib import Path

import click
import generate
import pytest
from docs_pages import anchors_of, name_of
from generate_fields import render_fields
from generate_markdown import render_commands

from filesync.cli import cli
from filesync.cli.commands import all_commands
from filesync.core.decide.change import Reason
from filesync.core.manifest.schema import SECTIONS, json_schema


@pytest.mark.parametrize("page", generate.PAGES, ids=name_of)
def test_page_is_what_the_code_says(page: Path) -> None:
    as_it_should_be = generate.made(page)
    assert page.read_text(encoding="utf-8") == as_it_should_be, "run `make docs`"


def test_every_command_and_every_option_is_there() -> None:
    text = render_commands(cli)
    anchors = anchors_of(text)
    for name, command in all_commands().items():
        nested = command.commands if isinstance(command, click.Group) else {}
        named = [f"filesync-{name}-{one}" for one in nested] or [f"filesync-{name}"]
        assert set(named) <= anchors
        for option in [*command.params, *(one for own in nested.values() for one in own.params)]:
            if isinstance(option, click.Option):
                assert all(f"`{one}" in text for one in option.opts), option.opts


def test_every_field_is_there() -> None:
    text = render_fields(json_schema())
    for fields in SECTIONS.values():
        assert [field for field in fields if f"| `{field}` |" not in text] == []


def test_a_new_command_is_picked_up() -> None:
    @click.command(epilog="And so on.")
    @click.argument("shell", type=click.Choice(["bash", "zsh"]))
    @click.option("--at", type=click.IntRange(1, 9), default=3, show_default=True, help="When.")
    def made() -> None:
        """Do *this*.

        \b
        filesync inner made bash
        """

    inner = click.Group("inner", {"made": made})
    text = render_commands(click.Group("cli", {"inner": inner}))
    assert "### filesync inner made\n" in text
    assert "```text\nfilesync inner made [OPTIONS] bash|zsh\n```" in text
    assert "Do \\*this\\*." in text
    assert "```text\nfilesync inner made bash\n```" in text
    assert "```text\nAnd so on.\n```" in text
    assert "| `--at N` | When. 1 to 9. Default `3`. |" in text


def test_a_new_section_is_picked_up() -> None:
    inner = {
        "description": "Another place.",
        "properties": {"again": {"$ref": "#/$defs/Inner"}, "count": {"type": "integer"}},
        "required": ["count"],
    }
    schema = {
        "description": "All.",
        "properties": {"places": {"additionalProperties": {"$ref": "#/$defs/Inner"}}},
        "$defs": {"Inner": inner},
    }
    text = render_fields(schema)
    assert "| `places` | Each takes the fields of [`places.KEY`](#placeskey). |" in text
    assert "### `places.KEY`\n\nAnother place.\n" in text
    assert "| `again` | Takes the fields of [`places.KEY`](#placeskey). |" in text
    assert "| `count` | Takes a number. **Required.** |" in text


def test_what_most_fields_take_is_told_once() -> None:
    variable, number = {"type": "string", "pattern": "[$]"}, {"type": "integer"}
    fields = {
        "a": {"anyOf": [number, variable]},
        "b": {"anyOf": [{"const": "never"}, {"type": "boolean"}, variable]},
        "c": {"type": "array", "items": {"anyOf": [number, variable]}},
    }
    text = render_fields({"description": "All.", "properties": fields})
    assert text.count("`[$]`") == 1
    assert "Fields that take more than plain text also take text matching `[$]`." in text
    assert "| `a` | Takes a number. |" in text
    assert "| `b` | Takes `never` or `true` or `false`. |" in text
    assert "| `c` | Takes a list of a number. |" in text


def test_a_new_reason_must_be_explained() -> None:
    told = dict.fromkeys(map(str, Reason), "because")
    assert len(generate.explained("the reason", Reason, told)) == len(Reason)
    with pytest.raises(generate.Unexplained, match="does not say what the reason 'unheard_of' is"):
        generate.explained("the reason", [*Reason, "unheard_of"], told)
    with pytest.raises(generate.Unexplained, match="explains the reason 'new', which is gone"):
        generate.explained("the reason", [one for one in Reason if one != Reason.NEW], told)
