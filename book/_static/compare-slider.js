// Turns a list of same-sized pictures into a before/after view with a divider that moves by mouse,
// touch and keyboard. Without scripts the pictures stand side by side.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".compare-slider").forEach(buildComparison);
});

function buildComparison(box) {
  const pictures = [...box.querySelectorAll("img")];
  if (pictures.length < 2) return;
  const left = layer(pictures[0]);
  const right = layer(pictures[1]);
  left.classList.add("compare-over");
  const stage = element("div", "compare-stage");
  const line = element("div", "compare-line");
  const range = element("input", "compare-range");
  Object.assign(range, { type: "range", min: 0, max: 100, step: 1, value: 50 });
  range.setAttribute("aria-label", "Position of the divider between the two pictures");

  const place = () => {
    stage.style.setProperty("--split", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % ${left.alt}, rest ${right.alt}`);
  };
  const follow = (event) => {
    const area = stage.getBoundingClientRect();
    range.value = Math.round((100 * (event.clientX - area.left)) / area.width);
    place();
  };
  range.addEventListener("input", place);
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });

  const menus = element("div", "compare-menus");
  menus.append(menu("Left", left, 0), menu("Right", right, 1));
  stage.append(right, left, line);
  const chosen = box.classList.contains("compare-strip") ? [] : [menus];  // a strip shows two
  box.replaceChildren(...chosen, stage, range);
  box.classList.add("compare-ready");
  place();

  function menu(title, target, chosen) {
    const label = element("label", "compare-menu");
    const select = document.createElement("select");
    pictures.forEach((picture, index) => select.append(new Option(picture.alt, String(index))));
    select.selectedIndex = chosen;
    select.addEventListener("change", () => {
      const picture = pictures[select.selectedIndex];
      target.src = picture.src;
      target.alt = picture.alt;
      place();
    });
    label.append(title, select);
    return label;
  }
}

function layer(picture) {
  const copy = new Image();
  copy.src = picture.src;
  copy.alt = picture.alt;
  copy.draggable = false;
  return copy;
}

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
