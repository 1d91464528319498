// A click on a figure opens it at its full size, which a phone cannot show on the page.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".cell_output img").forEach((picture) => {
    const link = document.createElement("a");
    link.href = picture.src;
    link.title = "Open at full size";
    picture.replaceWith(link);
    link.append(picture);
  });
});
