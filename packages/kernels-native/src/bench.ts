import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { InputError } from '@apb/core';
import type { Addon, BenchTiming, Instance } from './addon.js';
import { createNativeBackend } from './backend.js';
import { loadAddon, packageRoot } from './load.js';

/** A product: m output channels of k weights, n rows of activations. */
export interface ProductShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** One product by one algorithm. Times are minima over many repetitions. */
export interface KernelRow extends ProductShape {
  /** Weight and activation bits, such as `1/2`. */
  readonly op: string;
  /** `apb`, one of the paper's algorithms (`paper-1x1`, `paper-1x2-masked`, `paper-2x2-masked`), or a peer's name. */
  readonly variant: string;
  /** Microseconds of the product of packed operands; for 1/8 and 1/32 of the whole operation, packing included. */
  readonly us: number;
  /** Microseconds of packing the activations, which `us` leaves out; tables of lookups are in `us`. Null for 1/8 and 1/32. */
  readonly packUs: number | null;
  /** 10^9 multiply-adds a second, m * k * n in all. */
  readonly gmacs: number;
  /**
   * Of the ceiling divided by the bits of weights times those of activations, the products of planes; null for 1/8 and
   * 1/32. 2/2 by three counts has nine operations where four products have twelve, and so may pass 1; so may products
   * whose words are folded (eight operations where three words have nine) or that are looked up.
   */
  readonly shareOfCeiling: number | null;
  /** The time of the paper's algorithm for this op over ours; null where it has none. */
  readonly vsPaper: number | null;
  /**
   * The time of the fastest peer for this op over this row's, calls that compute nothing taken off; null where none
   * runs, or where its products are too short to be told from the call.
   */
  readonly vsPeer: number | null;
}

/** Another library to compare 1/8 and 1/32 with. */
export interface KernelPeer {
  readonly name: string;
  readonly version: string;
  /** Microseconds of a call that computes nothing. */
  readonly callUs: number;
  prepare(activationBits: 8 | 32, shape: ProductShape): Promise<PeerProduct>;
}

/** A peer's product, ready to run. */
export interface PeerProduct {
  /** Microseconds of one product and its call, the least of so many milliseconds. */
  time(milliseconds: number): Promise<number>;
  dispose(): Promise<void>;
}

/** The 1/1 product with full-precision weights against the same without. */
export interface SparseRow extends ProductShape {
  /** Of the weights, 0 to 1. */
  readonly fullPrecisionShare: number;
  /** Microseconds of the scaled 1/1 product from rows of planes, which are turned into panels. */
  readonly us: number;
  /** (time with - time without) / time without. */
  readonly overhead: number;
}

/** A 3x3 convolution of planes with n outputs, against the unpadded one of stride 1. */
export interface ConvolutionRow extends ProductShape {
  readonly op: string;
  readonly variant: string;
  readonly us: number;
  /** Rate per multiply of the unpadded one of stride 1. */
  readonly rateOfPlain: number;
}

/** Quantizing and packing 64 MB of floats, in bytes read a second. */
export interface QuantizeRow {
  readonly bits: number;
  readonly gigabytesPerSecond: number;
  /** Of the bytes a second that memcpy reads. */
  readonly ofMemcpy: number;
}

export interface KernelBenchOptions {
  /** @default the best of the machine */
  readonly isa?: string;
  /** Of the products of bit planes; everything else runs as the backend does with so many. @default 1 */
  readonly threads?: number;
  /** @default the shapes of bench/shapes.txt */
  readonly shapes?: readonly ProductShape[];
  /** Milliseconds per row, at least 20 repetitions anyway. @default 60 */
  readonly milliseconds?: number;
  /** Libraries that run 1/8 and 1/32 in turn with ours. */
  readonly peers?: readonly KernelPeer[];
  /** Called before every measurement. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

export interface KernelBench {
  readonly isa: string;
  readonly threads: number;
  /** On one thread: GMAC/s, one a bit, of the densest loop of xor or and, popcount and add; the larger of the two. */
  readonly ceilingGmacs: number;
  readonly ceilings: { readonly xor: number; readonly and: number };
  readonly peers: readonly { readonly name: string; readonly version: string }[];
  readonly rows: readonly KernelRow[];
  readonly sparse: readonly SparseRow[];
  readonly convolutions: readonly ConvolutionRow[];
  readonly quantize: readonly QuantizeRow[];
  /** Microseconds of one gemmInt of 16x144x64 called from JavaScript, less the product itself. */
  readonly callOverheadUs: number;
}

const BIT_OPS = [
  [1, 1],
  [1, 2],
  [1, 4],
  [2, 1],
  [2, 2],
] as const;
const WIDE_OPS = [8, 32] as const;
const SHARES = [0, 0.001, 0.01, 0.05];
const QUANTIZED_FLOATS = 1 << 24;
const CEILING_MS = 300;
/** Turns that our product and those of peers take. */
const PEER_TURNS = 4;

/**
 * Shapes from text: a line `m,k,n` each, blank lines and what follows a # are left out.
 * @throws InputError naming the line
 */
export function parseShapes(text: string, name = 'the shapes'): ProductShape[] {
  const shapes: ProductShape[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/#.*/, '').trim();
    if (!content) continue;
    const sizes = content.split(',').map(part => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : 0));
    if (sizes.length !== 3 || sizes.some(size => size < 1))
      throw new InputError(
        `${name}, line ${i + 1}: expected m,k,n as whole numbers from 1 to 999999, got "${content.slice(0, 40)}"`,
      );
    const [m, k, n] = sizes;
    if (m * k > 2 ** 28 || n * k > 2 ** 28 || m * n > 2 ** 28)
      throw new InputError(`${name}, line ${i + 1}: ${content} is larger than a benchmark can hold`);
    shapes.push({ m, k, n });
  }
  if (!shapes.length) throw new InputError(`${name} hold no shape; write lines such as 64,576,2916`);
  return shapes;
}

/** The shapes of bench/shapes.txt. */
export function defaultShapes(): ProductShape[] {
  return parseShapes(readFileSync(join(packageRoot, 'bench', 'shapes.txt'), 'utf8'));
}

/**
 * Times every kernel against the ceiling of the machine, measured in the same run, and against the paper's algorithms.
 * Computes on the calling thread, a row at a time; other work runs between rows. Cost grows with the shapes and the
 * milliseconds per row: about a minute for the default ones, twice that with peers.
 * @throws Error when the addon or the instruction set is missing, or a product is wrong
 */
export async function benchKernels(options: KernelBenchOptions = {}): Promise<KernelBench> {
  const { milliseconds = 60, threads = 1, shapes = defaultShapes(), peers = [], onProgress } = options;
  const backend = createNativeBackend();
  await backend.init({ threads, ...(options.isa !== undefined && { isa: options.isa }) });
  const { isa } = backend.capabilities;
  backend.dispose();
  const bench = new Bench(loadAddon(), isa, threads, milliseconds);
  const convolutions = shapes.filter(({ k, n }) => k % 9 === 0 && Number.isInteger(Math.sqrt(n)) && n > 1);
  const total = shapes.length * (BIT_OPS.length + WIDE_OPS.length + 1) + convolutions.length * 2 + 4;
  let done = 0;
  async function step<T>(what: string, measure: () => T | Promise<T>): Promise<T> {
    onProgress?.(done++, total, what);
    await turn();
    return measure();
  }
  const rows: KernelRow[] = [];
  const sparse: SparseRow[] = [];
  const convolutionRows: ConvolutionRow[] = [];
  const before = await step('ceiling', () => bench.ceilings());
  for (const shape of shapes) {
    const size = `${shape.m},${shape.k},${shape.n}`;
    for (const [w, a] of BIT_OPS)
      rows.push(...(await step(`${w}/${a} ${size}`, () => bench.bits(w, a, shape))));
    for (const a of WIDE_OPS) rows.push(...(await step(`1/${a} ${size}`, () => bench.wide(a, shape, peers))));
    sparse.push(...(await step(`sparse ${size}`, () => bench.sparse(shape))));
  }
  for (const shape of convolutions)
    for (const a of [1, 2])
      convolutionRows.push(...(await step(`convolution 1/${a}`, () => bench.convolution(a, shape))));
  const quantize = await step('quantize', () => bench.quantize());
  const callOverheadUs = await step('call from JavaScript', () => bench.callOverhead());
  const after = await step('ceiling', () => bench.ceilings());
  const ceilings = { xor: Math.max(before.xor, after.xor), and: Math.max(before.and, after.and) };
  const ceilingGmacs = Math.max(ceilings.xor, ceilings.and);
  onProgress?.(total, total, 'done');
  return {
    isa,
    threads,
    ceilingGmacs,
    ceilings,
    peers: peers.map(({ name, version }) => ({ name, version })),
    rows: rows.map(row => ({ ...row, shareOfCeiling: shareOf(row, ceilingGmacs) })),
    sparse,
    convolutions: convolutionRows,
    quantize,
    callOverheadUs,
  };
}

/** Of the ceiling over the number of plane products of the op. */
function shareOf({ op, gmacs }: KernelRow, ceiling: number): number | null {
  const [w, a] = op.split('/').map(Number);
  return a > 4 ? null : gmacs / (ceiling / (w * a));
}

/** The addon's measurements, as rows. */
class Bench {
  private readonly instance: Instance;

  constructor(
    private readonly addon: Addon,
    isa: string,
    threads: number,
    private readonly milliseconds: number,
  ) {
    this.instance = addon.open(isa, threads);
  }

  ceilings(): { xor: number; and: number } {
    const measure = (kind: number) =>
      this.addon.bench(this.instance, 'ceiling', kind, 0, 0, 0, 0, CEILING_MS) as number;
    return { xor: measure(0), and: measure(1) };
  }

  bits(w: number, a: number, shape: ProductShape): KernelRow[] {
    const timings = this.measure('bits', w, a, shape);
    const paper = timings.find(t => t.variant.startsWith('paper'))?.us;
    return timings.map(({ variant, us, packUs }) => ({
      ...rate(`${w}/${a}`, variant, shape, us),
      packUs,
      vsPaper: paper === undefined ? null : paper / us,
    }));
  }

  async wide(a: 8 | 32, shape: ProductShape, peers: readonly KernelPeer[]): Promise<KernelRow[]> {
    const op = `1/${a}`;
    if (!peers.length)
      return this.measure('wide', 1, a, shape).map(({ variant, us }) => rate(op, variant, shape, us));
    const products = await Promise.all(peers.map(peer => peer.prepare(a, shape)));
    const best = new Map<string, number>();
    const keep = (variant: string, us: number) =>
      best.set(variant, Math.min(us, best.get(variant) ?? Number.POSITIVE_INFINITY));
    for (let round = 0; round < PEER_TURNS; round++) {
      for (const { variant, us } of this.measure('wide', 1, a, shape)) keep(variant, us);
      for (const [i, product] of products.entries())
        keep(peers[i].name, await product.time(this.milliseconds));
    }
    await Promise.all(products.map(product => product.dispose()));
    const clear = peers.every(({ name, callUs }) => best.get(name)! > 2 * callUs);
    for (const { name, callUs } of peers) best.set(name, withoutCall(best.get(name)!, callUs));
    const fastest = Math.min(...peers.map(({ name }) => best.get(name)!));
    return [...best].map(([variant, us]) => ({
      ...rate(op, variant, shape, us),
      vsPeer: clear ? fastest / us : null,
    }));
  }

  sparse(shape: ProductShape): SparseRow[] {
    const timings = this.measure('sparse', 1, 1, shape, SHARES);
    return timings.map(({ us }, i) => ({
      ...shape,
      fullPrecisionShare: SHARES[i],
      us,
      overhead: us / timings[0].us - 1,
    }));
  }

  convolution(a: number, shape: ProductShape): ConvolutionRow[] {
    const timings = this.measure('convolution', 1, a, shape);
    return timings.map(({ variant, us }) => ({
      ...shape,
      op: `1/${a}`,
      variant,
      us,
      rateOfPlain: timings[0].us / us,
    }));
  }

  quantize(): QuantizeRow[] {
    const [copy, ...timings] = this.measure('quantize', 0, 0, { m: 1, k: 1, n: QUANTIZED_FLOATS });
    return timings.map(({ variant, us }) => ({
      bits: Number(variant),
      gigabytesPerSecond: (QUANTIZED_FLOATS * 4) / us / 1e3,
      ofMemcpy: copy.us / us,
    }));
  }

  /** A product of one row from JavaScript takes as long as the call, but for some nanoseconds. */
  callOverhead(): number {
    const { addon, instance } = this;
    const [m, k, n] = [16, 144, 64];
    const words = Math.ceil(k / 32);
    const weights = addon.prepare(
      instance,
      {
        rows: m,
        k,
        bits: 1,
        planes: new Uint32Array(m * words),
        scales: Float32Array.of(1),
        positions: new Uint32Array(0),
        values: new Float32Array(0),
      },
      1,
      undefined,
    );
    const x = addon.alloc(instance, [n, k], { kind: 'sign', bits: 1, scale: 1 });
    addon.writePlanes(x, new Uint32Array(n * words));
    const out = new Int32Array(n * m);
    const calls = 100;
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 100; round++) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < calls; i++) addon.gemmInt(instance, x, weights, out);
      best = Math.min(best, Number(process.hrtime.bigint() - start) / calls / 1e3);
    }
    const [product] = this.measure('bits', 1, 1, { m, k, n });
    addon.release(x);
    addon.release(weights);
    return best - product.us;
  }

  private measure(what: string, a: number, b: number, { m, k, n }: ProductShape, shares?: readonly number[]) {
    return this.addon.bench(this.instance, what, a, b, m, k, n, this.milliseconds, shares) as BenchTiming[];
  }
}

/** What is shorter than two calls counts whole: the rest would be noise. */
function withoutCall(us: number, callUs: number): number {
  return us > 2 * callUs ? us - callUs : us;
}

function rate(op: string, variant: string, shape: ProductShape, us: number): KernelRow {
  const gmacs = (shape.m * shape.k * shape.n) / us / 1e3;
  return {
    op,
    variant,
    ...shape,
    us,
    packUs: null,
    gmacs,
    shareOfCeiling: null,
    vsPaper: null,
    vsPeer: null,
  };
}
