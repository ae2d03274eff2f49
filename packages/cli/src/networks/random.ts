/** Seeded numbers (mulberry32): the same on every machine. */
export class Random {
  constructor(private state: number) {}

  /** 0 to 2^32 - 1. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** In [lo, hi). */
  between(lo: number, hi: number): number {
    return lo + ((hi - lo) * this.word()) / 2 ** 32;
  }

  /** `count` float32 numbers in [lo, hi). */
  floats(count: number, lo: number, hi: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.between(lo, hi));
  }

  /** `count` distinct numbers below `size`, ascending, each subset as likely as any other. */
  subset(count: number, size: number): Uint32Array {
    const chosen = new Uint32Array(count);
    let found = 0;
    for (let i = 0; found < count; i++) if (this.between(0, size - i) < count - found) chosen[found++] = i;
    return chosen;
  }
}
