"""The style of the HTML page: system fonts and colours, tables whose rows fold on a phone."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea;
  --delete: #b3261e; --replace: #8a5300; --create: #1a6b37; --adopt: #0b6075; --forget: #5b6575;
  --warn: #fff4dc; --warn-line: #e5b95c; --link: #1a5fb4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161d; --card: #1a2029; --ink: #e4e8ee; --soft: #9aa5b5; --line: #2d3642;
    --delete: #ff8a80; --replace: #f0b65a; --create: #74d390; --adopt: #67cfe3; --forget: #9aa5b5;
    --warn: #33290f; --warn-line: #7d6220; --link: #8ab4f8;
  }
}
* { box-sizing: border-box; }
[hidden], .few { display: none !important; }
html { scroll-padding-top: 3rem; }
body {
  margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 80rem; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 {
  position: sticky; top: 0; z-index: 2; background: var(--back);
  font-size: 1.15rem; margin: 2rem 0 0; padding: .4rem 0; overflow-wrap: anywhere;
}
h2 small, summary small { color: var(--soft); font-weight: 400; margin-left: .35rem; }
h2 i, .counts i { font-style: normal; font-family: ui-monospace, monospace; font-weight: 700; }
p { margin: .25rem 0; }
code, kbd, time {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .9em;
}
code, kbd { overflow-wrap: anywhere; white-space: pre-wrap; }
kbd {
  background: var(--card); border: 1px solid var(--line); border-radius: .35rem;
  padding: .1rem .35rem; -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.lead { font-size: 1.05rem; }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin: .75rem 0 0; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.muted, footer { color: var(--soft); font-size: .87rem; }
.calm { color: var(--create); font-size: 1.15rem; font-weight: 600; }
.counts {
  list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.25rem 0; padding: 0;
}
.counts li {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  color: var(--soft);
}
.counts li, .counts a { padding: .4rem .8rem; }
.counts li:has(a) { padding: 0; }
.counts a { display: block; color: inherit; text-decoration: none; }
.counts a:hover { text-decoration: underline; }
.counts b { font-size: 1.25rem; color: var(--ink); }
.delete i, .delete b, h2.delete { color: var(--delete); }
.replace i, .replace b, h2.replace { color: var(--replace); }
.create i, .create b, h2.create { color: var(--create); }
.adopt i, .adopt b, h2.adopt { color: var(--adopt); }
.forget i, .forget b, h2.forget { color: var(--forget); }
.note {
  background: var(--warn); border: 1px solid var(--warn-line); border-radius: .6rem;
  padding: .6rem .9rem; margin: .75rem 0; overflow-wrap: anywhere;
}
.note ul { margin: .25rem 0 0; padding-left: 1.2rem; }
[role=search] { margin: 1rem 0 0; color: var(--soft); }
input {
  font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: .45rem; padding: .3rem .6rem; width: 18rem; max-width: 70%;
}
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
.common { color: var(--soft); margin: .6rem 0 .4rem; overflow-wrap: anywhere; }
.common span { display: inline-block; margin-right: 1.25rem; }
.common b { color: var(--ink); font-weight: 500; }
details { margin: .35rem 0; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; font-weight: 500; }
summary h2 { display: inline-block; margin: .75rem 0 0; position: static; }
table {
  width: 100%; table-layout: fixed; border-collapse: separate; border-spacing: 0;
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  margin-bottom: .6rem;
}
th, td {
  text-align: left; padding: .35rem .7rem; vertical-align: baseline; overflow-wrap: anywhere;
}
thead th {
  position: sticky; top: 2.35rem; z-index: 1; background: var(--card);
  border-radius: .6rem .6rem 0 0;
  color: var(--soft); font-size: .8rem; font-weight: 500; border-bottom: 1px solid var(--line);
}
tbody tr:not(:first-child) > * { border-top: 1px solid var(--line); }
tbody th { font-weight: 400; font-size: 1rem; unicode-bidi: isolate; }
tbody th b { font-weight: 600; }
td { color: var(--soft); font-size: .87rem; unicode-bidi: isolate; }
td.id {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .8rem;
}
th.size, td.size {
  text-align: right; font-variant-numeric: tabular-nums; width: 6.5rem; white-space: nowrap;
}
th.two { width: 11.5rem; }
th.id { width: 15.5rem; }
th.change { width: 26%; }
td.change { color: var(--ink); }
th.words { width: 9.5rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .75rem; }
@media (max-width: 52rem) {
  th.id { width: 9rem; }
  th.two { width: 7rem; }
  td.size { white-space: normal; }
}
@media screen and (max-width: 40rem) {
  main { padding: 1.25rem .8rem 2rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tbody tr { display: flex; flex-wrap: wrap; align-items: baseline; padding: .35rem .7rem; }
  tbody tr:not(:first-child) { border-top: 1px solid var(--line); }
  tbody tr > *, td.size {
    display: block; padding: 0; border: 0 !important; text-align: left; width: auto;
  }
  tbody th { flex: 1 0 100%; }
  td:empty { display: none; }
  td { font-size: .8rem; }
  td.id { font-size: .72rem; }
  tbody tr { gap: 0 .5rem; }
  .counts { gap: .35rem; margin: 1rem 0; }
  .counts li, .counts a { padding: .3rem .55rem; }
  input { font-size: 16px; }
}
@media print {
  body { background: none; font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h2, thead th { position: static; }
  [role=search] { display: none; }
  tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
"""
