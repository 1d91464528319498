// What a page offers beyond its text: filters of tables, printed numbers in the search, all folded
// parts on paper, names for the theme's buttons. Without scripts every page still shows everything.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("table[data-choices]").forEach(addChoices);
  document.querySelectorAll(".ledger-filter").forEach(addLedgerFilter);
  nameControls();
  nameCells();
  if (document.querySelector("#search-results")) findNumbers();
});

// The theme's controls by what they say, and its sidebar as a part of the page.
function nameControls() {
  document.querySelectorAll("nav summary:not([aria-label])").forEach((one) => {
    const entry = one.closest("li")?.querySelector("a")?.textContent.trim();
    one.setAttribute("aria-label", `Pages below ${entry ?? "this one"}`);
  });
  document
    .querySelectorAll("summary[aria-label='Toggle hidden content'], .search-button-field")
    .forEach((one) => one.removeAttribute("aria-label"));
  document.querySelectorAll(".citation-list, .citation").forEach((one) => {
    one.removeAttribute("role"); // those of the bibliography are outdated
  });
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "region");
  sidebar?.setAttribute("aria-label", "The book");
}

let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("article details:not([open])")];
  opened.forEach((one) => (one.open = true));
});
window.addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));

function labelled(text, field) {
  const label = document.createElement("label");
  label.className = "dl-choice";
  label.append(`${text} `, field);
  return label;
}

function addChoices(table) {
  const heads = [...table.tHead.rows[0].cells].map((one) => one.textContent);
  const rows = [...table.tBodies[0].rows];
  for (const name of table.dataset.choices.split("|")) {
    const column = heads.indexOf(name);
    const words = [...new Set(rows.map((row) => row.cells[column]?.textContent))];
    if (column < 0 || words.length < 2) continue;
    const select = document.createElement("select");
    select.append(new Option("all", ""), ...words.map((word) => new Option(word)));
    select.addEventListener("change", () => {
      rows.forEach((row) => {
        row.hidden = Boolean(select.value) && row.cells[column].textContent !== select.value;
      });
    });
    table.parentElement.before(labelled(name, select));
  }
}

function addLedgerFilter(place) {
  const field = document.createElement("input");
  field.type = "search";
  place.append(labelled("Show rows with", field));
  const folds = [...document.querySelectorAll("details.ledger")];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const fold of folds) {
      const about = fold.querySelector("summary").textContent.toLowerCase();
      let found = 0;
      for (const row of fold.querySelectorAll("tbody tr")) {
        const text = `${about} ${row.textContent.toLowerCase()}`;
        row.hidden = !words.every((word) => text.includes(word));
        found += Number(!row.hidden);
      }
      fold.hidden = found === 0;
      fold.open = words.length > 0 && found > 0;
    }
  });
}

// The search of the theme passes over numbers; the ledger of printed numbers has them.
function findNumbers() {
  const asked = new URLSearchParams(window.location.search).get("q")?.trim().replace("-", "−");
  if (!asked || !/\d/.test(asked)) return;
  const script = document.createElement("script");
  script.src = "numbers-index.js";
  script.addEventListener("load", () => {
    const found = window.deblurNumbers.filter(
      ([printed, ours]) => printed.replace(/\s|dB/g, "") === asked || ours === asked,
    );
    const list = document.createElement("ul");
    list.className = "number-results";
    for (const [printed, ours, told, address] of found.slice(0, 50)) {
      const link = Object.assign(document.createElement("a"), { href: address });
      link.textContent = told;
      const item = document.createElement("li");
      item.append(link, `: printed ${printed || "nothing"}, ours ${ours}`);
      list.append(item);
    }
    const head = document.createElement("p");
    head.textContent = `${found.length} number(s) of the tables read ${asked}.`;
    document.querySelector("#search-results").before(head, list);
  });
  document.head.append(script);
}

// On a narrow screen a table that does not fit becomes a list of cards, each cell behind its heading.
const CARDS = { width: 600, rows: 80 };

function nameCells() {
  if (window.innerWidth > CARDS.width) return;
  for (const table of document.querySelectorAll("article table")) {
    const heads = table.tHead?.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const plain = rows.every((row) => row.cells.length === heads.length);
    const fits = table.scrollWidth <= table.parentElement.clientWidth + 1;
    if (!plain || fits || rows.length > CARDS.rows) continue;
    const words = heads.map((one) => (one.querySelector("button") ?? one).textContent.trim());
    rows.forEach((row) => [...row.cells].forEach((cell, n) => (cell.dataset.head = words[n])));
    table.classList.add("dl-cards");
  }
}
