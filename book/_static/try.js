// The page that restores a reader's picture. Runtime and network are fetched on the first click and
// run in a worker; the picture goes nowhere else. A worker lives for one picture, as its memory
// never shrinks, and to stop is to end it.
"use strict";

const MOST_PIXELS = 24e6; // more needs more memory than a tab gets

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".try").forEach(buildTrial);
});

function buildTrial(box) {
  const network = box.querySelector(".try-network");
  const needs = box.querySelector(".try-needs");
  const [told, status, output] = ["div", "p", "div"].map((name) => document.createElement(name));
  const asked = document.createElement("fieldset"); // closed while a picture is restored
  status.setAttribute("role", "status");
  const own = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
  const button = element("button", "try-button");
  button.type = "button";
  const bar = element("progress", "try-bar");
  bar.setAttribute("aria-label", "Progress");
  const left = element("span", "try-left");
  bar.hidden = true;
  const kept = new Map(); // files that were fetched, by address
  let chosen = null;
  let stop = null;
  let shown = [];

  const given = element("div", "try-pictures");
  document.querySelectorAll(".try-given img").forEach((picture) => {
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "try" });
    radio.addEventListener("change", () => {
      own.value = "";
      choose({ name: picture.alt, source: picture });
    });
    const label = document.createElement("label");
    label.append(radio, picture);
    given.append(label);
  });
  document.querySelector(".try-given")?.remove();
  if (window.location.protocol === "file:") {
    needs.textContent =
      "This page was opened as a file, and browsers start no worker for files. Serve the folder of " +
      "the book (python -m http.server) and open the address that it tells.";
    return;
  }
  needs.remove();
  own.addEventListener("change", () => {
    given.querySelectorAll("input").forEach((one) => (one.checked = false));
    choose(own.files.length ? { name: own.files[0].name, source: own.files[0] } : null);
  });
  network.addEventListener("change", describe);
  button.addEventListener("click", () => (stop ? stop.abort() : run()));
  const row = element("p", "try-run");
  row.append(button, bar, left);
  asked.append(network.closest("p"), told, given, labelled("Or a picture of your own", own));
  box.append(asked, row, status, output);
  describe();
  choose(null);

  function describe() {
    const entry = network.selectedOptions[0].dataset;
    told.innerHTML = entry.told;
    const size = ((Number(box.dataset.bytes) + Number(entry.bytes)) / 1e6).toFixed(1);
    const loads = kept.has(network.value)
      ? "The network is here already"
      : `A click on Restore loads the network and what runs it, at most ${size} MB, once`;
    status.textContent = `${loads}. The picture does not leave this computer.`;
  }

  function choose(picture) {
    chosen = picture;
    button.textContent = "Restore";
    button.disabled = !picture;
  }

  function progress(done, total, seconds) {
    bar.value = done / total;
    const rest = Math.ceil((seconds / (done - 1)) * (total - done));
    const told = rest > 90 ? `${Math.ceil(rest / 60)} min` : `${rest} s`;
    if (done > 1) left.textContent = `about ${told} left`;
  }

  async function run() {
    const { signal } = (stop = new AbortController());
    button.textContent = "Stop";
    asked.disabled = true;
    bar.hidden = false;
    try {
      const begun = performance.now();
      const entry = network.selectedOptions[0];
      const picture = await decoded(chosen);
      const runtime = await fetched(box.dataset.runtime, box.dataset.bytes, signal);
      const model = await fetched(network.value, entry.dataset.bytes, signal);
      signal.throwIfAborted();
      status.textContent = `Restoring ${picture.width} x ${picture.height} pixels.`;
      bar.removeAttribute("value");
      const { told: _, bytes: __, input, output: name, ...numbers } = entry.dataset;
      const facts = Object.fromEntries(Object.entries(numbers).map(([key, one]) => [key, +one]));
      const task = { ...facts, input, output: name, runtime, model };
      const made = await worked({ ...task, pixels: picture.data, width: picture.width,
                                  height: picture.height }, signal, progress);
      await show(picture, new ImageData(made, picture.width), entry.textContent);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      status.textContent =
        `Restored ${picture.width} x ${picture.height} pixels in ${seconds} s, on this computer.`;
    } catch (error) {
      status.textContent = signal.aborted ? "Stopped." : error.message;
    }
    stop = null;
    asked.disabled = false;
    bar.hidden = true;
    left.textContent = "";
    button.textContent = "Restore";
  }

  async function fetched(address, bytes, signal) {
    if (kept.has(address)) return kept.get(address);
    const lost = (why) =>
      new Error(`${address} could not be loaded (${why}); look at the connection and try again.`);
    const failed = (error) => {
      throw lost(error.message);
    };
    const answer = await fetch(address, { signal }).catch(failed);
    if (!answer.ok) throw lost(answer.status);
    status.textContent = `Loading ${address.split("/").pop()}, ${(bytes / 1e6).toFixed(1)} MB.`;
    const [parts, reader] = [[], answer.body.getReader()];
    let [count, part] = [0, await reader.read().catch(failed)];
    while (!part.done) {
      parts.push(part.value);
      count += part.value.length;
      bar.value = Math.min(count / bytes, 1);
      part = await reader.read().catch(failed);
    }
    kept.set(address, await new Blob(parts).arrayBuffer());
    return kept.get(address);
  }

  async function show(before, after, title) {
    shown.forEach((one) => URL.revokeObjectURL(one));
    shown = await Promise.all([before, after].map(asAddress));
    const pair = element("div", "compare-slider compare-strip try-result");
    pair.style.maxWidth = `min(100%, max(28rem, ${before.width}px))`;
    const scene = document.createElement("p");
    shown.forEach((address, number) => {
      const alt = number ? `restored by ${title}` : "as it came";
      scene.append(Object.assign(new Image(), { src: address, alt }));
    });
    pair.append(scene);
    buildComparison(pair);
    const name = `${chosen.name.replace(/\.\w+$/, "")}-restored.png`;
    const link = Object.assign(element("a", "try-download"), { href: shown[1], download: name });
    link.textContent = "Download the restored picture (PNG)";
    const note = document.createElement("p");
    note.textContent = `Left as it came, right restored by ${title}.`;
    output.replaceChildren(pair, note, link);
  }
}

// The pixels as the browser shows them: turned as the camera was held, colours for the screen.
async function decoded({ name, source }) {
  const bitmap = await createImageBitmap(source).catch(() => {
    throw new Error(`${name} is no picture that this browser reads; take a PNG, JPEG or WebP file.`);
  });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    throw new Error(
      `${name} has ${(width * height / 1e6).toFixed(1)} million pixels, this page takes ` +
        `${MOST_PIXELS / 1e6} million; make it smaller, or restore it by "deblur restore".`,
    );
  }
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

function worked(task, signal, progress) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("try/worker.js", { type: "module" });
    let begun = 0; // of the second tile: the first takes longer
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    signal.addEventListener("abort", () => end(reject, new Error("stopped")));
    worker.addEventListener("error", (event) =>
      end(reject, new Error(`The worker did not start (${event.message ?? "no reason given"}).`)),
    );
    worker.addEventListener("message", ({ data }) => {
      if (data.failed) end(reject, new Error(`The network could not run: ${data.failed}`));
      else if (data.pixels) end(resolve, data.pixels);
      else {
        begun ||= performance.now();
        progress(data.done, data.total, (performance.now() - begun) / 1000);
      }
    });
    worker.postMessage(task);
  });
}

function asAddress(picture) {
  const { width, height } = picture;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => {
      if (blob) resolve(URL.createObjectURL(blob));
      else reject(new Error("The browser has no memory for the result; take a smaller picture."));
    }),
  );
}
