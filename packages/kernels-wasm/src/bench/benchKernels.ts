import { InputError } from '@apb/core';
import { Device } from '../device.js';
import { availableIsas, type Isa, instantiate } from '../load.js';
import { Ceilings, ceilingOf, higher, NO_RATES, type Rates } from './ceilings.js';
import { leastUs } from './least.js';
import { type ProductShape, randomOperands, referenceSums } from './operands.js';
import { Product } from './product.js';

/** One product by one build of the kernels. Times are minima over many repetitions. */
export interface WasmKernelRow extends ProductShape {
  /** Weight and activation bits, such as `1/2`. */
  readonly op: string;
  /** The instruction set. */
  readonly variant: Isa;
  /** Microseconds of the product alone, of prepared weights and activations. */
  readonly us: number;
  /** Microseconds of preparing the activations from planes, which `us` leaves out. */
  readonly packUs: number;
  /** 10^9 multiply-adds a second, m * k * n in all. */
  readonly gmacs: number;
  /**
   * Of the ceiling divided by the products of planes it takes, null without one. Look-ups may exceed 1: they count the
   * bits of several planes at once.
   */
  readonly shareOfCeiling: number | null;
  /** The paper's algorithms are for 512-bit vectors. */
  readonly vsPaper: null;
}

export interface WasmKernelBench {
  /** The best instruction set of those measured. */
  readonly isa: Isa;
  /** 10^9 multiply-adds a second of xor, popcnt and add on registers; of i8x16.popcnt, or i64.popcnt for `scalar`. */
  readonly ceilingGmacs: number | null;
  readonly rows: readonly WasmKernelRow[];
}

export interface WasmKernelOptions {
  /** Default: a matrix product and the layers of ResNet-18 that arXiv 2306.08960 measures. */
  readonly shapes?: readonly ProductShape[];
  /** Only this instruction set; all of this engine by default. */
  readonly isa?: string;
  /** Of each row. @default 80 */
  readonly milliseconds?: number;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

const SHAPES: readonly ProductShape[] = [
  { m: 256, k: 2304, n: 256 },
  { m: 64, k: 576, n: 2916 },
  { m: 128, k: 576, n: 2916 },
  { m: 128, k: 1152, n: 676 },
  { m: 256, k: 1152, n: 676 },
  { m: 256, k: 2304, n: 144 },
  { m: 512, k: 2304, n: 144 },
  { m: 512, k: 4608, n: 25 },
];
/** Weight and activation bits. */
const OPS = [
  [1, 1],
  [1, 2],
  [1, 4],
  [1, 8],
  [2, 2],
] as const;
/** Each row's time is cut into so many bursts, between which the others of its product run. */
const ROUNDS = 8;
/** Of a burst, what packing and the ceiling take. */
const SIDE_SHARE = 0.25;

/**
 * Times the integer products of every build in turn, against what counting bits can do, after checking each against the
 * reference. Runs wherever the kernels do; holds up the event loop for a burst at a time.
 * @throws InputError when the instruction set is absent; Error when a result is wrong
 */
export async function benchKernels(options: WasmKernelOptions = {}): Promise<WasmKernelBench> {
  const { shapes = SHAPES, milliseconds = 80, onProgress } = options;
  const ceilings = await Ceilings.load();
  const devices = await Promise.all(chosenIsas(options.isa).map(openDevice));
  const measured: Measured[] = [];
  const jobs = shapes.flatMap(shape => OPS.map(op => ({ shape, op })));
  for (const [i, { shape, op }] of jobs.entries()) {
    onProgress?.(i, jobs.length, `${op.join('/')} ${shape.m},${shape.k},${shape.n}`);
    measured.push(...(await measure(devices, shape, op, milliseconds, ceilings)));
  }
  for (const device of devices) device.close();
  const [{ isa }] = devices;
  const rates = measured.map(row => row.rates).reduce(higher, NO_RATES);
  return { isa, ceilingGmacs: ceilingOf(isa, rates), rows: measured.map(rowOf) };
}

function chosenIsas(forced: string | undefined): readonly Isa[] {
  const available = availableIsas(undefined);
  const isas = forced === undefined ? available : available.filter(isa => isa === forced);
  if (isas.length > 0) return isas;
  throw new InputError(
    `the wasm backend has no instruction set ${forced} here; it has ${available.join(', ')}`,
  );
}

async function openDevice(isa: Isa): Promise<Device> {
  return new Device(isa, await instantiate(isa, undefined));
}

type Bits = (typeof OPS)[number];

interface Measured {
  readonly shape: ProductShape;
  readonly op: Bits;
  readonly isa: Isa;
  us: number;
  packUs: number;
  /** Of the ceiling's loops in the same rounds. */
  rates: Rates;
}

/** One product on every device, round by round. */
async function measure(
  devices: readonly Device[],
  shape: ProductShape,
  op: Bits,
  milliseconds: number,
  ceilings: Ceilings | undefined,
): Promise<Measured[]> {
  const operands = randomOperands(shape, op[0], op[1]);
  const expected = await referenceSums(shape, operands);
  const products = devices.map(device => new Product(device, shape, operands));
  const times: Measured[] = devices.map(({ isa }) => {
    return {
      shape,
      op,
      isa,
      us: Number.POSITIVE_INFINITY,
      packUs: Number.POSITIVE_INFINITY,
      rates: NO_RATES,
    };
  });
  const burst = milliseconds / ROUNDS;
  let rates = NO_RATES;
  try {
    for (const product of products) product.check(expected, op.join('/'));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, product] of products.entries()) {
        times[i].us = Math.min(
          times[i].us,
          leastUs(() => product.run(), burst),
        );
        times[i].packUs = Math.min(
          times[i].packUs,
          leastUs(() => product.pack(), burst * SIDE_SHARE),
        );
      }
      if (ceilings) rates = ceilings.measure(rates, burst * SIDE_SHARE);
      await new Promise(resolve => setTimeout(resolve));
    }
  } finally {
    for (const product of products) product.dispose();
  }
  return times.map(time => ({ ...time, rates }));
}

function rowOf({ shape, op, isa, us, packUs, rates }: Measured): WasmKernelRow {
  const { m, k, n } = shape;
  const gmacs = (m * k * n) / us / 1e3;
  const ceiling = ceilingOf(isa, rates);
  const shareOfCeiling = ceiling === null ? null : (gmacs * op[0] * op[1]) / ceiling;
  return { op: op.join('/'), variant: isa, m, k, n, us, packUs, gmacs, shareOfCeiling, vsPaper: null };
}
