// Turns paragraphs of same-sized pictures, one for each scene, into a before/after view with a
// divider that moves by mouse, touch and keyboard. Without scripts the pictures stand side by side.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".compare-slider").forEach(buildComparison);
});

function buildComparison(box) {
  const scenes = [...box.querySelectorAll("p")]
    .map((one) => ({
      alt: one.textContent.trim().replace(/:$/, ""),
      pictures: [...one.querySelectorAll("img")],
    }))
    .filter((one) => one.pictures.length > 1);
  if (scenes.length < 1) return;
  let pictures = scenes[0].pictures;
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
  const show = (layer, alt) => {
    const picture = pictures.find((one) => one.alt === alt) ?? pictures[0];
    layer.src = picture.src;
    layer.alt = picture.alt;
    place();
  };
  menus.append(
    menu("Left", pictures, 0, (alt) => show(left, alt)),
    menu("Right", pictures, 1, (alt) => show(right, alt)),
  );
  if (scenes.length > 1) {
    const change = (alt) => {
      pictures = scenes.find((one) => one.alt === alt).pictures;
      for (const layer of [left, right]) show(layer, layer.alt);
    };
    menus.prepend(menu("Photograph", scenes, 0, change));
  }
  stage.append(right, left, line);
  const chosen = box.classList.contains("compare-strip") ? [] : [menus];  // a strip shows two
  box.replaceChildren(...chosen, stage, range);
  box.classList.add("compare-ready");
  place();
}

function menu(title, named, chosen, change) {
  const label = element("label", "compare-menu");
  const select = document.createElement("select");
  named.forEach((one) => select.append(new Option(one.alt)));
  select.selectedIndex = chosen;
  select.addEventListener("change", () => change(select.value));
  label.append(title, select);
  return label;
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
