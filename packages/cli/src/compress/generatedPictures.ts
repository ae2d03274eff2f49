import { type InputDescription, InputError, normalise, type Tensor } from '@apb/core';

/** How much each octave adds beside the one of twice its size: pictures of the world have more of what is large. */
const FALL = 0.6;
/** How far a channel lies from the others, whose differences are small in most photographs. */
const COLOUR = 0.3;

/**
 * Pictures of nothing, for networks whose own cannot be had: noise of many sizes, of varying brightness and contrast, from
 * a fixed seed. Neighbouring pixels and channels go together as in pictures of the world, which is what covariances and
 * batch norms of the first layers ask for.
 * @returns normalised [count, H, W, C]
 * @throws InputError when the input is no picture
 */
export function generatedPictures(input: InputDescription, count: number): Tensor {
  const { shape } = input;
  if (shape.length !== 3)
    throw new InputError(
      `the model takes [${shape}], for which no pictures can be generated; give the name of a data set`,
    );
  const size = shape[0] * shape[1] * shape[2];
  const next = random(1);
  const pixels = new Uint8Array(count * size);
  for (let n = 0; n < count; n++) pixels.set(picture(shape, next), n * size);
  return normalise(pixels, count, input);
}

function picture(shape: readonly number[], next: () => number): Uint8Array {
  const noise = octaves(shape, next);
  const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
  const deviation = Math.sqrt(noise.reduce((a, b) => a + (b - mean) ** 2, 0) / noise.length) || 1;
  const [contrast, brightness] = [0.15 + 0.25 * next(), 0.3 + 0.4 * next()];
  return Uint8Array.from(noise, v =>
    Math.max(0, Math.min(255, Math.round(255 * (brightness + (contrast * (v - mean)) / deviation)))),
  );
}

/** Sums of random grids of 1, 2, 4, ... cells a side, interpolated between their corners. */
function octaves([height, width, channels]: readonly number[], next: () => number): Float64Array {
  const sum = new Float64Array(height * width * channels);
  for (let cells = 1, weight = 1; cells <= height / 2; cells *= 2, weight *= FALL) {
    const corners = Array.from({ length: (cells + 2) ** 2 }, () => {
      const grey = 2 * next() - 1;
      return Array.from({ length: channels }, () => grey + COLOUR * (2 * next() - 1));
    });
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [u, v] = [(y / height) * cells, (x / width) * cells];
        const [i, j] = [Math.floor(u), Math.floor(v)];
        const [a, b] = [u - i, v - j];
        for (let c = 0; c < channels; c++) {
          const at = (row: number, column: number) => corners[row * (cells + 2) + column][c];
          const top = (1 - b) * at(i, j) + b * at(i, j + 1);
          const bottom = (1 - b) * at(i + 1, j) + b * at(i + 1, j + 1);
          sum[(y * width + x) * channels + c] += weight * ((1 - a) * top + a * bottom);
        }
      }
  }
  return sum;
}

/** mulberry32: seeded floats in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
