"""File ids as json, env, github and tfvars."""

from __future__ import annotations

import json

import pytest

from filesync.errors import FilesyncError
from filesync.output.ids import FORMATS, render_ids

IDS = {"train": "file-2", "docs/a-b.md": "file-1", "9 x": "file-3"}


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("env", ["FILESYNC_9_X=file-3", "FILESYNC_DOCS_A_B_MD=file-1", "FILESYNC_TRAIN=file-2"]),
        ("github", ["_9_x=file-3", "docs_a-b_md=file-1", "train=file-2"]),
    ],
)
def test_a_line_for_each_sorted_by_key(form: str, lines: list[str]) -> None:
    assert render_ids(IDS, form).splitlines() == lines


def test_json_is_one_document_sorted_by_key() -> None:
    document = json.loads(render_ids(IDS, "json"))
    assert document == IDS
    assert list(document) == sorted(IDS)


def test_tfvars_escape_what_begins_a_template() -> None:
    text = render_ids({'a${b}%{c}"': "file-1"}, "tfvars")
    assert '"a$${b}%%{c}\\"" = "file-1"' in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_ends_its_lines_and_takes_no_ids(form: str) -> None:
    assert render_ids(IDS, form).endswith("\n")
    assert "file-" not in render_ids({}, form)


@pytest.mark.parametrize("form", ["env", "github"])
def test_two_keys_of_one_name_are_refused(form: str) -> None:
    with pytest.raises(FilesyncError) as raised:
        render_ids({"a.b": "file-1", "a b": "file-2"}, form)
    assert "a.b" in raised.value.message
    assert "a b" in raised.value.message
    assert "--format json" in raised.value.hint


@pytest.mark.parametrize("form", FORMATS)
def test_no_key_can_add_a_line(form: str) -> None:
    text = render_ids({"a\nb=evil\n": "file-1"}, form)
    assert "\nb" not in text
    assert "evil\n" not in text
