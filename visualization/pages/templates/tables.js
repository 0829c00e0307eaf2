"use strict";
// Without scripts a page shows everything one below the other.
document.documentElement.classList.add("js");

// Tables are sorted by a click on a heading: numbers as numbers, what is missing last.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const collate = new Intl.Collator("en", { numeric: true }).compare;
  headers.forEach((header, column) => {
    const key = (row) => {
      const cell = row.cells[column];
      const value = cell.dataset.value;
      if (value !== undefined) return value === "" ? null : Number(value);
      return cell.textContent.trim() || null;
    };
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number" ? a - b : collate(a, b);
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const down = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return down * compare(a, b);
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// Rows are kept that have all words of the search.
for (const controls of document.querySelectorAll(".controls.search")) {
  const table = controls.parentElement.querySelector("table");
  const [search, changed] = controls.querySelectorAll("input");
  const said = controls.querySelector("output");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const isWanted = !changed?.checked || row.classList.contains("changed");
      row.hidden = !isWanted || !words.every((word) => text.includes(word));
    }
    const n = rows.filter((row) => !row.hidden).length;
    said.textContent = n + " of " + rows.length + " " + controls.dataset.things;
  };
  search.addEventListener("input", filter);
  changed?.addEventListener("change", filter);
  filter();
}
