import {
  assertFinite,
  type BufferSpec,
  type Capabilities,
  CONTRACT_VERSION,
  type DeviceBuffer,
  type Encoding,
  type InitOptions,
  InputError,
  type KernelBackend,
  type KernelWeights,
  type Op,
  opNames,
  type Planes,
  type PreparedWeights,
  type Shape,
  type Tensor,
  tensor,
  type Unusable,
  validatePlanes,
  type WeightUse,
} from '@apb/core';
import { WasmBuffer } from './buffer.js';
import { Device } from './device.js';
import { availableIsas, chooseIsa, type Isa, instantiate, type WasmSources, whyUnusable } from './load.js';
import { activate, add, affine } from './ops/elementwise.js';
import { padChannels, reshape, subsample } from './ops/layout.js';
import { avgPool, globalAvgPool, maxPool } from './ops/pool.js';
import { conv2d, gemm, gemmInt } from './ops/product.js';
import { dequantize, quantize } from './ops/quantize.js';
import { softmax } from './ops/softmax.js';
import { prepareWeights } from './prepare.js';
import { WasmWeights } from './weights.js';

export interface WasmBackendOptions {
  /** Bytes that the backend's memory may grow to; the engine's own limit, 4 GiB at most, by default. */
  readonly maxMemory?: number;
  /**
   * Kernel binaries to use instead of those inlined in the package, which it also exports as files such as
   * `@apb/kernels-wasm/simd128.wasm`. Instruction sets without one are not available then.
   */
  readonly wasm?: WasmSources;
}

/** The kernel contract on WebAssembly, plus a look at its memory. */
export interface WasmBackend extends KernelBackend {
  /** Bytes in use by buffers and weights, and bytes reserved from the engine. */
  memoryUsage(): { inUse: number; reserved: number };
}

/** A fresh, uninitialised backend; works in Node and browsers. */
export function createWasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  return new Backend(options);
}

/** How each operation but the two with weights runs. */
const table: { [K in Exclude<Op['op'], 'gemm' | 'conv2d'>]: Runner<K> } = {
  quantize: (device, op, [x], out) => quantize(device, op.quantizer, x, out),
  dequantize: (device, _, [x], out) => dequantize(device, x, out),
  maxPool: (device, op, [x], out) => maxPool(device, op.geometry, x, out),
  avgPool: (device, op, [x], out) => avgPool(device, op.geometry, op.countPadding, x, out),
  globalAvgPool: (device, _, [x], out) => globalAvgPool(device, x, out),
  add: (device, op, [a, b], out) => add(device, op.activation, a, b, out),
  affine: (device, op, [x], out) => affine(device, op, x, out),
  activate: (device, op, [x], out) => activate(device, op.activation, x, out),
  subsample: (device, op, [x], out) => subsample(device, op.strides, x, out),
  padChannels: (device, op, [x], out) => padChannels(device, op.before, op.after, x, out),
  reshape: (device, _, [x], out) => reshape(device, x, out),
  softmax: (device, _, [x], out) => softmax(device, x, out),
};

type Runner<K> = (
  device: Device,
  op: Extract<Op, { op: K }>,
  inputs: readonly WasmBuffer[],
  out: WasmBuffer,
) => void;

class Backend implements WasmBackend {
  readonly name = 'wasm';
  readonly contractVersion = CONTRACT_VERSION;
  private device: Device | undefined;
  private disposed = false;

  constructor(private readonly options: WasmBackendOptions) {}

  async probe(): Promise<Capabilities | Unusable> {
    const { wasm } = this.options;
    return whyUnusable(wasm) ?? capabilitiesOf(chooseIsa(wasm), wasm);
  }

  async init({ isa, threads = 1 }: InitOptions = {}): Promise<void> {
    if (!Number.isInteger(threads) || threads < 1)
      throw new InputError(`threads must be a whole number of at least 1, got ${threads}`);
    if (this.disposed) throw new Error('this wasm backend has been disposed');
    if (this.device) throw new Error('this wasm backend is initialised already; make another one');
    const { wasm, maxMemory } = this.options;
    const unusable = whyUnusable(wasm);
    if (unusable) throw new Error(`${unusable.unusable} ${unusable.fix}`);
    const chosen = chooseIsa(wasm, isa);
    const device = new Device(chosen, await instantiate(chosen, wasm?.[chosen], maxMemory));
    if (this.disposed) device.close();
    this.device = device;
  }

  get capabilities(): Capabilities {
    return capabilitiesOf(this.ready().isa, this.options.wasm);
  }

  memoryUsage(): { inUse: number; reserved: number } {
    const { inUse, reserved } = this.ready().memory;
    return { inUse, reserved };
  }

  alloc(spec: BufferSpec): DeviceBuffer {
    return new WasmBuffer(this.ready(), spec);
  }

  upload(values: Tensor, what = 'the input'): DeviceBuffer {
    const device = this.ready();
    const { shape, data } = tensor(values.shape, values.data);
    assertFinite(data, what);
    const buffer = new WasmBuffer(device, { kind: 'float', shape });
    device.memory.write(buffer.floats, data);
    return buffer;
  }

  download(buffer: DeviceBuffer): Tensor {
    const own = this.own(buffer);
    return tensor(own.shape, this.ready().memory.floats(own.floats, own.elements).slice());
  }

  importPlanes(planes: Planes, encoding: Encoding, shape: Shape = [planes.rows, planes.k]): DeviceBuffer {
    const device = this.ready();
    validatePlanes(planes);
    if (planes.kind !== encoding.kind || planes.bits !== encoding.bits)
      throw new RangeError(
        `${planes.bits}-bit ${planes.kind} planes do not match a ${encoding.bits}-bit ${encoding.kind} encoding`,
      );
    const buffer = new WasmBuffer(device, { kind: 'planes', shape, encoding });
    if (buffer.rows !== planes.rows || buffer.k !== planes.k) {
      buffer.dispose();
      throw new RangeError(`planes [${planes.rows}, ${planes.k}] do not fit the shape [${shape}]`);
    }
    device.memory.write(buffer.bits, planes.words);
    return buffer;
  }

  exportPlanes(buffer: DeviceBuffer): Planes {
    const own = this.own(buffer);
    const { kind, bits } = own.encoding;
    const words = this.ready().memory.words(own.bits, (bits * own.planeBytes) / 4);
    return { kind, bits, rows: own.rows, k: own.k, words: words.slice() };
  }

  prepareWeights(weights: KernelWeights, use: WeightUse): PreparedWeights {
    return prepareWeights(this.ready(), weights, use);
  }

  gemmInt(a: DeviceBuffer, weights: PreparedWeights, out: Int32Array): void {
    gemmInt(this.ready(), this.own(a), this.ownWeights(weights), out);
  }

  run(op: Op, inputs: readonly DeviceBuffer[], out: DeviceBuffer, weights?: PreparedWeights): void {
    const device = this.ready();
    const from = inputs.map(buffer => this.own(buffer));
    const to = this.own(out);
    if (from.includes(to)) throw new Error(`the output of ${op.op} must not be one of its inputs`);
    if (op.op === 'gemm' || op.op === 'conv2d') {
      if (!weights) throw new Error(`${op.op} needs prepared weights`);
      expectInputs(op.op, from, 1, 2);
      const layer = op.op === 'gemm' ? gemm : conv2d;
      layer(device, op.epilogue, from[0], this.ownWeights(weights), from[1], to);
      return;
    }
    if (!Object.hasOwn(table, op.op)) throw new Error(`the wasm backend has no operation ${String(op.op)}`);
    if (weights) throw new Error(`${op.op} takes no weights`);
    const count = op.op === 'add' ? 2 : 1;
    expectInputs(op.op, from, count, count);
    (table[op.op] as Runner<typeof op.op>)(device, op as never, from, to);
  }

  dispose(): void {
    this.disposed = true;
    this.device?.close();
  }

  private ready(): Device {
    if (this.disposed) throw new Error('this wasm backend has been disposed');
    if (!this.device) throw new Error('call init() before using the wasm backend');
    return this.device;
  }

  private own(buffer: DeviceBuffer): WasmBuffer {
    if (!(buffer instanceof WasmBuffer) || buffer.device !== this.ready())
      throw new Error('this buffer belongs to another backend; download it there and upload it here');
    buffer.assertAlive();
    return buffer;
  }

  private ownWeights(weights: PreparedWeights): WasmWeights {
    if (!(weights instanceof WasmWeights) || weights.device !== this.ready())
      throw new Error('these weights were prepared by another backend; prepare them here');
    return weights;
  }
}

/** One thread; every operation of the contract. */
function capabilitiesOf(isa: Isa, sources: WasmSources | undefined): Capabilities {
  return { isas: availableIsas(sources), isa, threads: 1, ops: new Set(opNames) };
}

function expectInputs(op: string, inputs: readonly unknown[], least: number, most: number): void {
  if (inputs.length < least || inputs.length > most)
    throw new RangeError(
      `${op} takes ${least === most ? least : `${least} or ${most}`} inputs, got ${inputs.length}`,
    );
}
