// Restores one picture in a thread of its own, tile by tile, as deblur_lib.evaluation.restore does
// with tile=256 and overlap=64. Nothing is fetched here: the page hands over runtime and network.
import * as ort from "../vendor/onnxruntime/ort.wasm.bundle.min.js";

const TILE = 256;
const OVERLAP = 64; // px of context
const FEATHER = 16; // px over which one tile gives way to the next

self.onmessage = async ({ data }) => {
  try {
    Object.assign(ort.env.wasm, { numThreads: 1, proxy: false, wasmBinary: data.runtime });
    const session = await ort.InferenceSession.create(new Uint8Array(data.model), {
      executionProviders: ["wasm"],
    });
    const pixels = await restored(session, data);
    self.postMessage({ pixels }, [pixels.buffer]);
  } catch (error) {
    self.postMessage({ failed: error?.message ?? String(error) });
  }
};

async function restored(session, { pixels, width, height, step, least, frames, input, output }) {
  const fit = (length) => Math.ceil(Math.max(length, least) / step) * step;
  const rows = continued(height, fit(height));
  const columns = continued(width, fit(width));
  const side = Math.min(fit(TILE), Math.max(rows.length, columns.length));
  const [down, across] = [rows, columns].map((one) => windows(one.length, side, step));
  const [fadeDown, fadeAcross] = [weights(down), weights(across)];
  const tall = down[0][1];
  const strip = new Float32Array(tall * width * 3); // sums of the rows from `base` on
  const made = new Uint8ClampedArray(pixels); // alpha stays as it is
  let base = 0;

  const settle = (until) => {
    const count = Math.max(Math.min(until, height) - base, 0) * width;
    for (let at = 0; at < count; at++) {
      for (let c = 0; c < 3; c++) {
        const value = strip[3 * at + c];
        if (!Number.isFinite(value)) throw new Error("the network returned no number");
        made[4 * (base * width + at) + c] = Math.floor(255 * value + 0.5);
      }
    }
    strip.copyWithin(0, 3 * width * (until - base));
    strip.fill(0, strip.length - 3 * width * (until - base));
    base = until;
  };

  for (const [y, [top, bottom]] of down.entries()) {
    settle(top);
    for (const [x, [left, right]] of across.entries()) {
      const piece = cut(pixels, width, rows.slice(top, bottom), columns.slice(left, right), frames);
      const shape = [1, ...(frames > 1 ? [frames] : []), 3, bottom - top, right - left];
      const given = new ort.Tensor("float32", piece, shape);
      const answer = (await session.run({ [input]: given }))[output];
      add(strip, answer.data, { top, left, bottom, right, base, width, height },
          fadeDown[y], fadeAcross[x]);
      given.dispose();
      answer.dispose();
      self.postMessage({ done: y * across.length + x + 1, total: down.length * across.length });
    }
  }
  settle(Math.max(height, base));
  return made;
}

// Values from 0 to 1 of a tile, plane by plane; a clip is the same frame several times.
function cut(pixels, width, rows, columns, frames) {
  const plane = rows.length * columns.length;
  const piece = new Float32Array(frames * 3 * plane);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = 4 * (row * width + column);
      for (let c = 0; c < 3; c++) piece[c * plane + at] = pixels[from + c] / 255;
      at++;
    }
  }
  for (let frame = 1; frame < frames; frame++) piece.copyWithin(frame * 3 * plane, 0, 3 * plane);
  return piece;
}

function add(strip, values, { top, left, bottom, right, base, width, height }, down, across) {
  const [tall, wide] = [bottom - top, right - left];
  for (let y = 0; y < Math.min(tall, height - top); y++) {
    for (let x = 0; x < Math.min(wide, width - left); x++) {
      const share = Math.fround(down[y] * across[x]);
      const to = 3 * ((top + y - base) * width + left + x);
      for (let c = 0; c < 3; c++) strip[to + c] += values[(c * tall + y) * wide + x] * share;
    }
  }
}

// The ports of deblur_lib.evaluation.restore and .tiling.
function continued(length, wanted) {
  const period = Math.max(2 * (length - 1), 1);
  return Int32Array.from({ length: wanted }, (_, at) => {
    const place = at % period;
    return place < length ? place : period - place;
  });
}

function windows(length, tile, step) {
  if (length <= tile) return [[0, length]];
  const stride = Math.max(Math.floor((tile - OVERLAP - FEATHER) / step) * step, step);
  const starts = [];
  for (let start = 0; start < length - tile; start += stride) starts.push(start);
  return [...starts, length - tile].map((start) => [start, start + tile]);
}

function weights(spans) {
  const rise = (at, middle) => Math.min(Math.max((at + 0.5 - middle) / FEATHER + 0.5, 0), 1);
  const middles = spans.slice(1).map(([start], before) => (spans[before][1] + start) / 2);
  return spans.map(([start, stop], number) =>
    Float32Array.from({ length: stop - start }, (_, at) => {
      const begun = number > 0 ? rise(start + at, middles[number - 1]) : 1;
      return begun - (number < middles.length ? rise(start + at, middles[number]) : 0);
    }),
  );
}
