import type { ConvGeometry, Encoding, Op, Plan, Shape, StepTime } from '@apb/core';

declare const opaque: unique symbol;
/** One native backend: its kernels and the memory it gave out. */
export type Instance = { readonly [opaque]: 'instance' };
/** Native memory of a buffer, of prepared weights or of a program. */
export type Block = { readonly [opaque]: 'block' };

/** Weights as the addon takes them; planes are canonical (core, bits/planes.ts). */
export interface SourceWeights {
  readonly rows: number;
  readonly k: number;
  /** 1 signs, 2 codes, 32 floats. */
  readonly bits: 1 | 2 | 32;
  readonly planes?: Uint32Array;
  readonly scales?: Float32Array;
  readonly positions?: Uint32Array;
  /** At positions, or all of them for 32 bits. */
  readonly values: Float32Array;
}

/** One contender of a benchmark (src/bench/bench.h). */
export interface BenchTiming {
  readonly variant: string;
  readonly us: number;
  readonly packUs: number;
}

/** A run in flight. */
interface StartedRun {
  readonly id: number;
  /** The network's output; undefined when the run was stopped. */
  readonly promise: Promise<Float32Array | undefined>;
}

/** What src/addon.cc exports. It checks its arguments: a wrong one throws and never corrupts memory. */
export interface Addon {
  /** Instruction sets of this machine, best first. */
  isas(): string[];
  /** @param threads at most so many for one operation, 1 to 256 */
  open(isa: string, threads: number): Instance;
  /** Frees the memory of all buffers, weights and programs of the instance; stops their runs. */
  close(instance: Instance): void;
  /** Floats without an encoding, planes with one. */
  alloc(instance: Instance, shape: Shape, encoding: Encoding | undefined): Block;
  release(block: Block): void;
  bytes(block: Block): number;
  /** Copies values in. @returns whether all of them are finite */
  write(block: Block, values: Float32Array): boolean;
  read(block: Block, values: Float32Array): void;
  writePlanes(block: Block, words: Uint32Array): void;
  readPlanes(block: Block, words: Uint32Array): void;
  prepare(
    instance: Instance,
    weights: SourceWeights,
    activationBits: number,
    geometry: ConvGeometry | undefined,
  ): Block;
  /** Takes the weights out of their blocks, which count as released. */
  compile(instance: Instance, plan: Omit<Plan, 'weights'>, weights: readonly Block[]): Block;
  arenaBytes(program: Block, batch: number): number;
  /** Copies the input. @returns undefined when a value is not finite */
  start(program: Block, batch: number, values: Float32Array): StartedRun | undefined;
  /** Ends a run before its next step; does nothing to one that has ended. */
  stop(id: number): void;
  profile(program: Block): StepTime[];
  gemmInt(instance: Instance, a: Block, weights: Block, out: Int32Array): void;
  /** Blocks for about `milliseconds` per contender; a number for `ceiling`, else timings (src/napi/bench.h). */
  bench(
    instance: Instance,
    what: string,
    a: number,
    b: number,
    m: number,
    k: number,
    n: number,
    milliseconds: number,
    shares?: readonly number[],
  ): number | BenchTiming[];
  run(instance: Instance, op: Op, inputs: readonly Block[], out: Block, weights: Block | undefined): void;
}
