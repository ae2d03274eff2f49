import type { Isa } from '../load.js';
import { leastUs } from './least.js';

/** What assembly/ceiling exports: `steps` rounds of counting bits on registers. */
interface Loops {
  vectors(steps: number, x: number): number;
  words(steps: number, x: number): number;
}
const STEPS = 20_000;
/** Products of one round. */
const OF_VECTORS = 8 * 128;
const OF_WORDS = 4 * 64;

/** 10^9 multiply-adds a second, m * k * n in all, with vectors and with 64-bit words. */
export interface Rates {
  readonly vectors: number;
  readonly words: number;
}
export const NO_RATES: Rates = { vectors: 0, words: 0 };

/** What counting bits reaches without loads. */
export class Ceilings {
  private constructor(private readonly loops: Loops) {}

  /** @returns undefined without SIMD, which the loops need */
  static async load(): Promise<Ceilings | undefined> {
    const { default: base64 } = await import('../wasm/ceiling.js');
    const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
    if (!WebAssembly.validate(bytes)) return undefined;
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return new Ceilings(instance.exports as unknown as Loops);
  }

  /** The better of earlier rates and those of now. */
  measure(earlier: Rates, milliseconds: number): Rates {
    const { loops } = this;
    const rate = (products: number, us: number) => (STEPS * products) / us / 1e3;
    const vectors = leastUs(() => loops.vectors(STEPS, 1), milliseconds / 2);
    const words = leastUs(() => loops.words(STEPS, 1), milliseconds / 2);
    return higher(earlier, { vectors: rate(OF_VECTORS, vectors), words: rate(OF_WORDS, words) });
  }
}

export function higher(a: Rates, b: Rates): Rates {
  return { vectors: Math.max(a.vectors, b.vectors), words: Math.max(a.words, b.words) };
}

/** Of the widest registers that an instruction set counts bits with; null where nothing was measured. */
export function ceilingOf(isa: Isa, rates: Rates): number | null {
  return (isa === 'scalar' ? rates.words : rates.vectors) || null;
}
