import type { ApbWeights } from '../apb/decompose.js';
import type { Planes } from '../bits/planes.js';
import type { Plan } from '../graph/plan.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ConvGeometry } from './geometry.js';
import type { Op, OpName, Product } from './op.js';
import type { ActivationBits, Encoding } from './quantizer.js';

/** Raised whenever a backend written for the old contract could misread the new one. */
export const CONTRACT_VERSION = 1;

/** What a buffer holds. Planes have one row per pixel (product of the leading axes) and k = last axis. */
export type BufferSpec =
  | { readonly kind: 'float'; readonly shape: Shape }
  | { readonly kind: 'planes'; readonly shape: Shape; readonly encoding: Encoding };

/** Activations between operations: opaque, owned by the backend that made it. */
export interface DeviceBuffer {
  readonly spec: BufferSpec;
  /** Releases the memory; a second call does nothing, any other use afterwards throws. */
  dispose(): void;
}

/** Weights as a backend takes them; a row is one output channel. */
export type KernelWeights =
  /** Binary with an optional sparse residual: 1-bit products. */
  | ({ readonly kind: 'apb' } & ApbWeights)
  /** 2-bit codes p standing for `scale * (2p - 3)`: the 2/x products. */
  | { readonly kind: 'twoBit'; readonly codes: Planes; readonly scales: Float32Array }
  | { readonly kind: 'float'; readonly rows: number; readonly k: number; readonly values: Float32Array };

export interface WeightUse {
  /** Width of the activations they will meet. */
  readonly activationBits: ActivationBits | 32;
  /** Present for a convolution, absent for a matrix product. */
  readonly geometry?: ConvGeometry;
}

/** Weights repacked once into this CPU's layout; the layout never reaches a file. */
export interface PreparedWeights {
  readonly product: Product;
  /** Output channels. */
  readonly rows: number;
  /** Weights per output channel. */
  readonly k: number;
  readonly geometry?: ConvGeometry;
  /** Bytes held, all copies included. */
  readonly bytes: number;
  dispose(): void;
}

export interface Capabilities {
  /** Instruction sets usable on this machine, best first. */
  readonly isas: readonly string[];
  /** The one in use (after init) or that would be used. */
  readonly isa: string;
  readonly threads: number;
  readonly ops: ReadonlySet<OpName>;
}

/** Why a backend cannot run here and what would help, each one sentence. */
export interface Unusable {
  readonly unusable: string;
  readonly fix: string;
}

export interface InitOptions {
  /** Forces an instruction set; one that is absent throws. */
  readonly isa?: string;
  /** Upper limit; results are identical for any count. */
  readonly threads?: number;
}

/** How often a step of a program ran to its end, and how long that took on average. */
export interface StepTime {
  readonly runs: number;
  /** Microseconds, 0 without runs. */
  readonly us: number;
}

/** A plan made ready by a backend: weights prepared, memory laid out. */
export interface Program {
  /** For each of the plan's `weights` the bytes held, all copies included. */
  readonly weightBytes: readonly number[];
  /** Bytes that one run of `batch` pictures takes for all activations; it may work on a part of them at a time. */
  arenaBytes(batch: number): number;
  /**
   * The whole network, off the event loop. Any number of runs may be in flight: a bounded number at once, the others
   * in the order of their calls. Results are those of the single steps, bit for bit.
   * @param inputs the network's input, float32 [N, ...shape]; copied before the promise is returned
   * @param signal stops between two steps; the promise rejects with its reason at once
   * @returns the network's output, float32 [N, ...shape]
   * @throws RangeError when a shape does not fit or a value is NaN or infinity; Error after dispose, also of runs
   *   that are in flight then
   */
  execute(inputs: readonly Tensor[], signal?: AbortSignal): Promise<Tensor[]>;
  /** One entry for each step of the plan, over all runs so far. */
  profile(): StepTime[];
  dispose(): void;
}

/**
 * What every kernel backend implements. Calls are synchronous but for probe and init; outputs are written whole,
 * inputs are never changed. After dispose of a backend, buffer, prepared weights or program, using it throws.
 */
export interface KernelBackend {
  readonly name: string;
  readonly contractVersion: number;
  /** Looks, without side effects, whether this backend can run here. */
  probe(): Promise<Capabilities | Unusable>;
  init(options?: InitOptions): Promise<void>;
  /** Valid after init. */
  readonly capabilities: Capabilities;

  /** Uninitialised memory: every op writes its output whole. */
  alloc(spec: BufferSpec): DeviceBuffer;
  /**
   * Copies values into a new float buffer.
   * @throws RangeError on NaN or infinity, naming `what` (default "the input")
   */
  upload(values: Tensor, what?: string): DeviceBuffer;
  /** Copies a float buffer's values out; planes go through exportPlanes. */
  download(buffer: DeviceBuffer): Tensor;
  /** The canonical layout in; `shape` defaults to [rows, k]. Padding bits must be zero. */
  importPlanes(planes: Planes, encoding: Encoding, shape?: Shape): DeviceBuffer;
  exportPlanes(buffer: DeviceBuffer): Planes;

  /**
   * @throws RangeError when k * (largest |weight| code) * (2^bits - 1) >= 2^31, when shapes, scales or positions
   *   are wrong, or when a value is not finite; Error when the product is not among the capabilities
   */
  prepareWeights(weights: KernelWeights, use: WeightUse): PreparedWeights;

  /**
   * The integer product alone, exact: out[i * rows + j] = sum over k of weight code (j) times activation (i):
   * sum(s*a) for sign planes, sum(s*q) for codes, (2p-3) in place of s for 2-bit weights.
   * @param a planes [m, k]  @param out [m * rows]
   */
  gemmInt(a: DeviceBuffer, weights: PreparedWeights, out: Int32Array): void;

  /**
   * Runs one operation; `weights` exactly for gemm and conv2d.
   * @throws Error when a buffer or weights are disposed, or number, kind or shape of the buffers do not fit
   */
  run(op: Op, inputs: readonly DeviceBuffer[], out: DeviceBuffer, weights?: PreparedWeights): void;

  /**
   * Prepares a whole network, all of whose operations are among the capabilities, for running off the event loop.
   * A backend may go without; its networks then run step by step. The plan is not needed afterwards.
   * @throws RangeError when the plan does not hold together; when it is for prepareWeights to throw, the same error
   *   with `parameter "NAME": ` before its message
   */
  compile?(plan: Plan): Program;

  /** Also invalidates every buffer, prepared weight and program of this instance. */
  dispose(): void;
}

/** Makes a fresh, uninitialised backend; what a kernel package exports and selection takes a list of. */
export type BackendFactory = () => KernelBackend;

export function isUnusable(probe: Capabilities | Unusable): probe is Unusable {
  return 'unusable' in probe;
}
