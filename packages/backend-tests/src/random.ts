/**
 * A small generator with its own stream per name: the 32-bit state walks by a fixed odd step and is mixed by
 * MurmurHash3's finaliser, so the same seed and name give the same numbers on every machine.
 */
export class Random {
  #state: number;

  constructor(seed: number, name: string) {
    this.#state = (seed ^ hash(name)) >>> 0;
  }

  /** An integer in 0 .. 2^32 - 1. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.word() / 2 ** 32;
  }

  /** An integer in 0 .. n - 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  /** A float32 value, uniform in [lo, hi). */
  between(lo: number, hi: number): number {
    return Math.fround(lo + (hi - lo) * this.unit());
  }

  /** A float32 value of mean 0 and variance 1: twelve uniform numbers' sum, minus its mean. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.unit();
    return Math.fround(sum);
  }

  normals(count: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.normal());
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
