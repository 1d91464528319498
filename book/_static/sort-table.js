// Headings of a table become buttons that sort it: numbers largest first, then smallest first; cells
// without a number stay last. Without scripts the table stands as it was written.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("table.sortable").forEach(makeSortable);
});

function makeSortable(table) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort-button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const rows = [...body.rows];
      const byNumber = rows.some((row) => row.cells[column].dataset.value !== undefined);
      const before = head.getAttribute("aria-sort");
      const first = byNumber ? "descending" : "ascending";
      const second = byNumber ? "ascending" : "descending";
      const order = before === first ? second : first;
      const sign = order === "ascending" ? 1 : -1;
      rows.sort((one, other) =>
        byNumber
          ? compareNumbers(one.cells[column], other.cells[column], sign)
          : sign * one.cells[column].textContent.localeCompare(other.cells[column].textContent),
      );
      for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      body.append(...rows);
    });
  });
}

function compareNumbers(one, other, sign) {
  const [a, b] = [one.dataset.value, other.dataset.value];
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  return sign * (Number(a) - Number(b));
}
