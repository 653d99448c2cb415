"""The script of the HTML page: the search box. Without it the page shows all there is to see."""

from __future__ import annotations

SCRIPT = """
(() => {
  "use strict";
  const box = document.getElementById("find"), said = document.getElementById("found");
  const tables = [...document.querySelectorAll("main table")];
  const folds = [...document.querySelectorAll("main details")];
  const most = 400;  // rows that are unfolded at once
  let opened = null;
  box.parentNode.hidden = false;
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    if (wanted && !opened) opened = folds.filter((one) => one.open);
    const counts = new Map();
    let found = 0;
    for (const table of tables) {
      let here = 0;
      const folder = table.getAttribute("aria-label") || "";
      for (const row of table.tBodies[0].rows) {
        row.hidden = !(folder + row.textContent).toLowerCase().includes(wanted);
        if (!row.hidden) here += 1;
      }
      table.hidden = !here;
      found += here;
      for (let one = table.parentElement; one.id !== "changes"; one = one.parentElement)
        counts.set(one, (counts.get(one) || 0) + here);
    }
    for (const one of document.querySelectorAll("#changes section, #changes details"))
      one.hidden = wanted !== "" && !counts.get(one);
    for (const one of folds) {
      if (wanted) one.open = counts.get(one) > 0 && found <= most;
      else if (opened) one.open = opened.includes(one);
    }
    if (!wanted) opened = null;
    said.textContent = wanted ? found.toLocaleString("en") + " found" : "";
  });
  addEventListener("beforeprint", () => folds.forEach((one) => { one.open = true; }));
})();
"""
