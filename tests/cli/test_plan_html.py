"""The HTML page of a plan: whole in itself, everything escaped, and drawn by a real browser."""

from __future__ import annotations

import datetime
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.cli.harness import Platform, Project
from tests.output.html import Page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)


def sample(platform: Platform, project: Project) -> None:
    """A project with something of each kind."""
    for name in ("kept", "changed", "gone", "lost"):
        project.write(f"docs/{name}.md", f"this is {name}\n")
    text = "files:\n  docs: {glob: 'docs/*.md', expires_after: 20d, purpose: assistants}\n"
    project.manifest(text)
    project.apply()
    platform.delete(project.id("docs/lost.md"))
    project.write("docs/changed.md", "other\n")
    (project.root / "docs/gone.md").unlink()
    project.write("docs/new.md", "n" * 2500)
    project.manifest(text + "  train: {path: docs/new.md, filename: other.jsonl}\n")


def test_page_tells_the_plan_with_sizes_and_expiry_dates(
    platform: Platform, project: Project
) -> None:
    sample(platform, project)
    gone = project.id("docs/gone.md")
    project.run("plan", "--html", "plan.html")
    page = Page((project.root / "plan.html").read_text())
    assert "- 1 to delete ~ 1 to replace + 3 to create" in page.text
    assert "This is a plan: nothing has changed yet. To apply it, run filesync apply ." in page.text
    assert "Manifest filesync.yaml" in page.text
    assert "Drift: 1 file is missing on the platform." in page.text
    expires = _day(project.lock["files"]["docs/kept.md"]["expires_at"])
    common = f"Reason not in the manifest Purpose assistants Expires {expires} Key Id Size"
    assert f"{common} docs/ gone.md {gone} 13 B" in page.text
    common = "Reason content changed Purpose assistants Expires 20d after upload Key Size"
    assert f"{common} docs/ changed.md 16 B → 6 B" in page.text
    assert "docs/ new.md 2.5 kB assistants 20d after upload" in page.text
    assert "train 2.5 kB user_data never other.jsonl" in page.text
    assert re.search(rf"Purpose assistants Expires {expires} Key Id Size docs/ kept", page.text)
    titles = ("- Delete 1", "~ Replace 1", "+ Create 3", "Up to date 1")
    order = [page.text.index(title) for title in titles]
    assert order == sorted(order)


def _day(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d")


def test_page_takes_nothing_from_outside(platform: Platform, project: Project) -> None:
    sample(platform, project)
    text = project.run("plan", "--html", "-").out
    page = Page(text)
    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed"} == set()
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("src") is None
        assert (attributes.get("href") or "#")[0] == "#" or tag == "link", tag
        assert attributes.get("href") == "data:," or tag != "link"
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert "default-src 'none'" in text


def browse(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Chromium once, with a profile of its own and nothing going out."""
    assert CHROMIUM is not None
    quiet = ("gpu", "quic", "background-networking", "component-update", "sync", "extensions")
    return subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            "--hide-scrollbars",
            *(f"--disable-{name}" for name in quiet),
            f"--user-data-dir={folder / 'profile'}",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def corner(path: Path) -> tuple[int, ...]:
    """The red, green and blue of a PNG's first pixel: its first line knows no line before."""
    data, at, packed = path.read_bytes(), 8, b""
    channels = 0
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            assert body[8] == 8
            channels = {2: 3, 6: 4}[body[9]]
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    # Every filter leaves the first pixel of the first line as it is.
    return tuple(zlib.decompress(packed)[1 : 1 + channels][:3])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_browser_draws_it_on_a_phone_and_in_the_dark(
    platform: Platform, project: Project, tmp_path: Path
) -> None:
    sample(platform, project)
    long = "docs/" + "a-very-long-name-without-a-break" * 3 + ".md"
    project.write(long)
    text = project.run("plan", "--html", "-").out
    folder = tmp_path / "browser"
    folder.mkdir()
    # Frames have the width that is asked for; a window may not. Their script only measures.
    probe = (
        "<script>const root=document.documentElement,ids=[...document.querySelectorAll('td.id')],"
        "lines=(one)=>{const all=document.createRange();all.selectNodeContents(one);"
        "return all.getClientRects().length};"
        "root.dataset.wide=[root.scrollWidth,ids.length,ids.filter(one=>lines(one)>1).length]"
        ".join(' ')"
    )
    measured = re.sub("<meta http-equiv=Content-Security-Policy[^>]*>", "", text)
    (folder / "page.html").write_text(text)
    (folder / "probe.html").write_text(measured.replace("</body>", probe + "</script></body>"))
    for width in (320, 390, 1000, 1200):
        frame = (
            f"<iframe id=f srcdoc='' style='width:{width}px;height:800px;border:0'></iframe>"
            "<script>f.onload=()=>{document.title=f.contentDocument.documentElement.dataset.wide}"
            "</script>"
        )
        page = (folder / "probe.html").read_text().replace("&", "&amp;").replace("'", "&#39;")
        (folder / "frame.html").write_text(frame.replace("srcdoc=''", f"srcdoc='{page}'"))
        dom = browse(folder, "--dump-dom", f"file://{folder}/frame.html").stdout
        found = re.search(r"<title>(\d+) (\d+) (\d+)</title>", dom)
        assert found is not None, dom[:2000]
        wide, ids, broken = map(int, found.groups())
        assert wide <= width, "it must not scroll sideways"
        assert ids > 1
        assert not broken, "an id takes two lines"
    size = "--window-size=1200,900"
    url = f"file://{folder}/page.html"
    browse(folder, size, f"--screenshot={folder / 'light.png'}", url)
    dark = "--blink-settings=preferredColorScheme=0"
    browse(folder, size, dark, f"--screenshot={folder / 'dark.png'}", url)
    assert sum(corner(folder / "light.png")) > 600
    assert sum(corner(folder / "dark.png")) < 150


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize(("typed", "found"), [("docs/a/1", 11), ("a/12.MD", 1), ("", 0)])
def test_search_finds_folders_and_names(
    project: Project, tmp_path: Path, typed: str, found: int
) -> None:
    """Of `docs/a/0.md` to `docs/a/19.md`, and the same in another folder."""
    for n in range(20):
        project.write(f"docs/a/{n}.md", f"{n} in a\n")
        project.write(f"docs/b/{n}.md", f"{n} in b\n")
    project.manifest("files: {docs: {glob: 'docs/**', purpose: assistants}}")
    text = project.run("plan", "--html", "-").out
    text = re.sub("<meta http-equiv=Content-Security-Policy[^>]*>", "", text)
    probe = (
        f"<script>const box=document.getElementById('find');box.value={typed!r};"
        "box.dispatchEvent(new Event('input'));document.title="
        "[...document.querySelectorAll('tbody tr')].filter(one=>one.checkVisibility()).length"
        "+' of '+document.getElementById('found').textContent;</script>"
    )
    folder = tmp_path / "browser"
    folder.mkdir()
    (folder / "page.html").write_text(text.replace("</body>", probe + "</body>"))
    dom = browse(folder, "--dump-dom", f"file://{folder}/page.html").stdout
    shown = found if typed else 40
    said = f"{found} found" if typed else ""
    assert f"<title>{shown} of {said}</title>" in dom, dom[:1500]
