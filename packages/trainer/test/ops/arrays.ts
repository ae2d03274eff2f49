/** A dense array in float64, row-major: what the references of these tests compute with. */
export interface Dense {
  readonly shape: number[];
  readonly data: Float64Array;
}

export function sizeOf(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function zeros(shape: number[]): Dense {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** mulberry32: numbers in [0, 1) from a 32-bit seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Float32 values in [-1, 1). */
export function uniform(shape: number[], next: () => number): Dense {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(2 * next() - 1)) };
}

/** A shuffle of evenly spaced float32 values in [-1, 1): no two closer than 2 / size. */
export function distinct(shape: number[], next: () => number): Dense {
  const size = sizeOf(shape);
  const data = Float64Array.from({ length: size }, (_, i) => Math.fround(-1 + (2 * i + 1) / size));
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [data[i], data[j]] = [data[j], data[i]];
  }
  return { shape, data };
}

export function dot(a: Dense, b: Dense): number {
  return a.data.reduce((sum, v, i) => sum + v * b.data[i], 0);
}
