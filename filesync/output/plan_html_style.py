"""The style of the HTML page: system fonts and colours, tables that become cards on a phone."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea;
  --delete: #b3261e; --replace: #8a5300; --create: #1a6b37; --adopt: #0b6075; --forget: #5b6575;
  --warn: #fff4dc; --warn-line: #e5b95c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161d; --card: #1a2029; --ink: #e4e8ee; --soft: #9aa5b5; --line: #2d3642;
    --delete: #ff8a80; --replace: #f0b65a; --create: #74d390; --adopt: #67cfe3; --forget: #9aa5b5;
    --warn: #33290f; --warn-line: #7d6220;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
h2 small { color: var(--soft); font-weight: 400; margin-left: .25rem; }
p { margin: .25rem 0; }
code, time {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
code { font-size: .87em; overflow-wrap: anywhere; white-space: pre-wrap; }
time { font-size: .87em; white-space: nowrap; }
.muted, footer { color: var(--soft); font-size: .87rem; }
.calm { color: var(--create); font-size: 1.15rem; font-weight: 600; margin-top: 1.25rem; }
.counts {
  list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.25rem 0; padding: 0;
}
.counts li {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .45rem .8rem; color: var(--soft);
}
.counts b { display: block; font-size: 1.25rem; line-height: 1.25; color: var(--ink); }
.counts .delete b, h2.delete { color: var(--delete); }
.counts .replace b, h2.replace { color: var(--replace); }
.counts .create b, h2.create { color: var(--create); }
.counts .adopt b, h2.adopt { color: var(--adopt); }
.counts .forget b, h2.forget { color: var(--forget); }
.note {
  background: var(--warn); border: 1px solid var(--warn-line); border-radius: .6rem;
  padding: .6rem .9rem; margin: .75rem 0; overflow-wrap: anywhere;
}
.note ul { margin: .25rem 0 0; padding-left: 1.2rem; }
table {
  width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; overflow: hidden;
}
th, td { text-align: left; padding: .45rem .7rem; vertical-align: top; }
th { color: var(--soft); font-size: .8rem; font-weight: 500; }
td { border-top: 1px solid var(--line); overflow-wrap: break-word; }
td:first-child { font-weight: 500; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td:first-child, td[data-title="Remote name"] { min-width: 8rem; }
.id code { white-space: pre; }
@media (min-width: 74rem) { .whole { white-space: pre; } }
summary { cursor: pointer; margin-top: 1.5rem; }
summary h2 { display: inline-block; margin: .5rem 0; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .75rem; }
@media (max-width: 60rem) {
  main { padding: 1.25rem .8rem 2rem; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table { background: none; border: 0; border-radius: 0; overflow: visible; }
  tr {
    background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
    padding: .5rem .8rem; margin-bottom: .5rem;
  }
  td, td.number {
    border: 0; padding: .1rem 0; text-align: left; white-space: normal;
    display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); gap: .5rem;
    align-items: baseline;
  }
  td::before { content: attr(data-title); color: var(--soft); font-size: .8rem; font-weight: 400; }
  .id code { white-space: pre-wrap; }
  td:first-child { display: block; padding-bottom: .25rem; }
  td:first-child::before, td.none { display: none; }
}
"""
