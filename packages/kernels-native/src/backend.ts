import { availableParallelism } from 'node:os';
import {
  assertFinite,
  type BufferSpec,
  type Capabilities,
  CONTRACT_VERSION,
  type DeviceBuffer,
  type Encoding,
  type InitOptions,
  type KernelBackend,
  type KernelWeights,
  type Op,
  type Plan,
  type Planes,
  type PreparedWeights,
  type Program,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
  type Unusable,
  validatePlanes,
  type WeightUse,
  wordsPerRow,
} from '@apb/core';
import type { Addon, Block } from './addon.js';
import { LoadError, loadAddon } from './load.js';
import { NativeBuffer, NativeWeights, type Session } from './memory.js';
import { nativeOps } from './ops.js';
import { compilePlan } from './program.js';
import { productFor, sourceWeights } from './weights.js';

/** Of one operation. */
const MOST_THREADS = 256;

/**
 * C++ kernels behind Node-API: the instruction sets `portable`, and on x86-64 `avx2` and `avx512vpopcntdq`,
 * chosen at run time. Threads are shared by all backends of the process; results do not depend on their number.
 */
export function createNativeBackend(): KernelBackend {
  return new NativeBackend(loadAddon);
}

/** @param load a way to the addon; throws LoadError when there is none */
export class NativeBackend implements KernelBackend {
  readonly name = 'native';
  readonly contractVersion = CONTRACT_VERSION;
  private session: Session | undefined;
  private ready: Capabilities | undefined;
  private disposed = false;

  constructor(private readonly load: () => Addon) {}

  async probe(): Promise<Capabilities | Unusable> {
    try {
      return capabilitiesOf(this.load());
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      return { unusable: error.message, fix: error.fix };
    }
  }

  async init(options: InitOptions = {}): Promise<void> {
    if (this.disposed) throw new Error('this native backend has been disposed');
    if (this.session) throw new Error('this native backend is already initialised; make another one');
    const { threads = Math.min(availableParallelism(), MOST_THREADS) } = options;
    if (!Number.isSafeInteger(threads) || threads < 1 || threads > MOST_THREADS)
      throw new RangeError(`threads must be a whole number from 1 to ${MOST_THREADS}, got ${threads}`);
    const addon = this.load();
    const found = capabilitiesOf(addon);
    const isa = options.isa ?? found.isa;
    if (!found.isas.includes(isa))
      throw new Error(
        `the native backend has no instruction set ${isa} on this machine; it has ${found.isas.join(', ')}`,
      );
    this.session = { addon, instance: addon.open(isa, threads) };
    this.ready = { ...found, isa, threads };
  }

  get capabilities(): Capabilities {
    this.open();
    return this.ready!;
  }

  alloc(spec: BufferSpec): NativeBuffer {
    const session = this.open();
    const shape = [...spec.shape];
    const copy: BufferSpec =
      spec.kind === 'float'
        ? { kind: 'float', shape }
        : { kind: 'planes', shape, encoding: { ...spec.encoding } };
    const encoding = copy.kind === 'planes' ? copy.encoding : undefined;
    return new NativeBuffer(session, copy, session.addon.alloc(session.instance, shape, encoding));
  }

  upload(values: Tensor, what = 'the input'): DeviceBuffer {
    const { shape, data } = tensor(values.shape, values.data);
    const buffer = this.alloc({ kind: 'float', shape });
    if (this.open().addon.write(this.block(buffer), data)) return buffer;
    buffer.dispose();
    assertFinite(data, what);
    throw new Error(`${what} changed while it was copied`);
  }

  download(buffer: DeviceBuffer): Tensor {
    const block = this.block(buffer);
    const out = tensor(buffer.spec.shape);
    this.open().addon.read(block, out.data);
    return out;
  }

  importPlanes(planes: Planes, encoding: Encoding, shape: Shape = [planes.rows, planes.k]): DeviceBuffer {
    validatePlanes(planes);
    if (planes.kind !== encoding.kind || planes.bits !== encoding.bits)
      throw new RangeError(
        `${planes.bits}-bit ${planes.kind} planes do not match a ${encoding.bits}-bit ${encoding.kind} encoding`,
      );
    if (sizeOf(shape.slice(0, -1)) !== planes.rows || shape[shape.length - 1] !== planes.k)
      throw new RangeError(`planes [${planes.rows}, ${planes.k}] do not fit the shape [${shape}]`);
    const buffer = this.alloc({ kind: 'planes', shape, encoding });
    this.open().addon.writePlanes(this.block(buffer), planes.words);
    return buffer;
  }

  exportPlanes(buffer: DeviceBuffer): Planes {
    const block = this.block(buffer);
    if (buffer.spec.kind !== 'planes')
      throw new RangeError(`planes are needed, [${buffer.spec.shape}] holds floats`);
    const { shape, encoding } = buffer.spec;
    const rows = sizeOf(shape.slice(0, -1));
    const k = shape[shape.length - 1];
    const words = new Uint32Array(encoding.bits * rows * wordsPerRow(k));
    this.open().addon.readPlanes(block, words);
    return { kind: encoding.kind, bits: encoding.bits, rows, k, words };
  }

  prepareWeights(weights: KernelWeights, use: WeightUse): PreparedWeights {
    const session = this.open();
    const source = sourceWeights(weights);
    const product = productFor(source, use);
    const geometry = use.geometry && { ...use.geometry };
    const block = session.addon.prepare(session.instance, source, use.activationBits, geometry);
    return new NativeWeights(session, product, source.rows, source.k, geometry, block);
  }

  gemmInt(a: DeviceBuffer, weights: PreparedWeights, out: Int32Array): void {
    const { addon, instance } = this.open();
    addon.gemmInt(instance, this.block(a), this.weightBlock(weights), out);
  }

  run(op: Op, inputs: readonly DeviceBuffer[], out: DeviceBuffer, weights?: PreparedWeights): void {
    const { addon, instance } = this.open();
    const from = inputs.map(buffer => this.block(buffer));
    addon.run(instance, op, from, this.block(out), weights && this.weightBlock(weights));
  }

  compile(plan: Plan): Program {
    return compilePlan(this.open(), plan);
  }

  dispose(): void {
    if (this.session) this.session.addon.close(this.session.instance);
    this.session = undefined;
    this.disposed = true;
  }

  /** @throws Error before init and after dispose */
  private open(): Session {
    if (this.session) return this.session;
    throw new Error(
      this.disposed ? 'this native backend has been disposed' : 'call init() before using the native backend',
    );
  }

  private block(buffer: DeviceBuffer): Block {
    const session = this.open();
    if (!(buffer instanceof NativeBuffer))
      throw new Error('this buffer belongs to another backend; download it there and upload it here');
    return buffer.memory.use(session);
  }

  private weightBlock(weights: PreparedWeights): Block {
    const session = this.open();
    if (!(weights instanceof NativeWeights))
      throw new Error('these weights were prepared by another backend; prepare them here');
    return weights.memory.use(session);
  }
}

function capabilitiesOf(addon: Addon): Capabilities {
  const isas = addon.isas();
  return { isas, isa: isas[0], threads: Math.min(availableParallelism(), MOST_THREADS), ops: nativeOps };
}
