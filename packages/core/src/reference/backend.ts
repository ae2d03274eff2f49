import {
  type BufferSpec,
  type Capabilities,
  CONTRACT_VERSION,
  type DeviceBuffer,
  type InitOptions,
  type KernelBackend,
  type KernelWeights,
  type PreparedWeights,
  type WeightUse,
} from '../backend/contract.js';
import { type Op, opNames } from '../backend/op.js';
import type { Encoding } from '../backend/quantizer.js';
import { type Planes, validatePlanes } from '../bits/planes.js';
import type { Shape } from '../tensor/shape.js';
import { assertFinite, type Tensor, tensor } from '../tensor/tensor.js';
import { activateOp } from './activate.js';
import { add } from './add.js';
import { affine } from './affine.js';
import { avgPool } from './avgPool.js';
import { allocBuffer, planeSize, ReferenceBuffer } from './buffer.js';
import { conv2d } from './conv2d.js';
import { dequantize } from './dequantize.js';
import { gemm } from './gemm.js';
import { gemmInt } from './gemmInt.js';
import { globalAvgPool } from './globalAvgPool.js';
import { Lifetime } from './lifetime.js';
import { maxPool } from './maxPool.js';
import { padChannels } from './padChannels.js';
import { quantize } from './quantize.js';
import { reshape } from './reshape.js';
import { softmax } from './softmax.js';
import { subsample } from './subsample.js';
import { prepare, ReferenceWeights } from './weights.js';

/** The contract in plain TypeScript: the readable specification, complete on every machine, clear rather than fast. */
export function createReferenceBackend(): KernelBackend {
  return new ReferenceBackend();
}

const ISA = 'js';

/** How each operation but the two with weights runs. */
const table: { [K in Exclude<Op['op'], 'gemm' | 'conv2d'>]: Runner<K> } = {
  quantize: (op, [x], out) => quantize(op.quantizer, x, out),
  dequantize: (_, [x], out) => dequantize(x, out),
  maxPool: (op, [x], out) => maxPool(op.geometry, x, out),
  avgPool: (op, [x], out) => avgPool(op.geometry, op.countPadding, x, out),
  globalAvgPool: (_, [x], out) => globalAvgPool(x, out),
  add: (op, [a, b], out) => add(op.activation, a, b, out),
  affine: (op, [x], out) => affine(op.scale, op.shift, op.activation, x, out),
  activate: (op, [x], out) => activateOp(op.activation, x, out),
  subsample: (op, [x], out) => subsample(op.strides, x, out),
  padChannels: (op, [x], out) => padChannels(op.before, op.after, x, out),
  reshape: (_, [x], out) => reshape(x, out),
  softmax: (_, [x], out) => softmax(x, out),
};

type Runner<K> = (
  op: Extract<Op, { op: K }>,
  inputs: readonly ReferenceBuffer[],
  out: ReferenceBuffer,
) => void;

class ReferenceBackend implements KernelBackend {
  readonly name = 'reference';
  readonly contractVersion = CONTRACT_VERSION;
  private readonly life = new Lifetime();

  async probe(): Promise<Capabilities> {
    return { isas: [ISA], isa: ISA, threads: 1, ops: new Set(opNames) };
  }

  async init(options: InitOptions = {}): Promise<void> {
    if (options.isa !== undefined && options.isa !== ISA)
      throw new Error(`the reference backend has no instruction set ${options.isa}; it has ${ISA}`);
    this.life.start();
  }

  get capabilities(): Capabilities {
    this.life.assertReady();
    return { isas: [ISA], isa: ISA, threads: 1, ops: new Set(opNames) };
  }

  alloc(spec: BufferSpec): DeviceBuffer {
    this.life.assertReady();
    return allocBuffer(spec, this.life);
  }

  upload(values: Tensor, what = 'the input'): DeviceBuffer {
    this.life.assertReady();
    const { shape, data } = tensor(values.shape, values.data);
    assertFinite(data, what);
    return new ReferenceBuffer({ kind: 'float', shape }, this.life, data.slice());
  }

  download(buffer: DeviceBuffer): Tensor {
    const own = this.own(buffer);
    return tensor(own.shape, own.floats.slice());
  }

  importPlanes(planes: Planes, encoding: Encoding, shape: Shape = [planes.rows, planes.k]): DeviceBuffer {
    validatePlanes(planes);
    if (planes.kind !== encoding.kind || planes.bits !== encoding.bits)
      throw new RangeError(
        `${planes.bits}-bit ${planes.kind} planes do not match a ${encoding.bits}-bit ${encoding.kind} encoding`,
      );
    const { rows, k } = planeSize(shape);
    if (rows !== planes.rows || k !== planes.k)
      throw new RangeError(`planes [${planes.rows}, ${planes.k}] do not fit the shape [${shape}]`);
    const buffer = this.own(this.alloc({ kind: 'planes', shape, encoding }));
    buffer.planes.words.set(planes.words);
    return buffer;
  }

  exportPlanes(buffer: DeviceBuffer): Planes {
    const { planes } = this.own(buffer);
    return { ...planes, words: planes.words.slice() };
  }

  prepareWeights(weights: KernelWeights, use: WeightUse): PreparedWeights {
    this.life.assertReady();
    return prepare(weights, use, this.life);
  }

  gemmInt(a: DeviceBuffer, weights: PreparedWeights, out: Int32Array): void {
    gemmInt(this.own(a), this.ownWeights(weights), out);
  }

  run(op: Op, inputs: readonly DeviceBuffer[], out: DeviceBuffer, weights?: PreparedWeights): void {
    const from = inputs.map(buffer => this.own(buffer));
    const to = this.own(out);
    if (from.includes(to)) throw new Error(`the output of ${op.op} must not be one of its inputs`);
    if (op.op === 'gemm' || op.op === 'conv2d') {
      if (!weights) throw new Error(`${op.op} needs prepared weights`);
      expectInputs(op.op, from, 1, 2);
      const layer = op.op === 'gemm' ? gemm : conv2d;
      layer(op.epilogue, from[0], this.ownWeights(weights), from[1], to);
      return;
    }
    if (!Object.hasOwn(table, op.op))
      throw new Error(`the reference backend has no operation ${String(op.op)}`);
    if (weights) throw new Error(`${op.op} takes no weights`);
    const count = op.op === 'add' ? 2 : 1;
    expectInputs(op.op, from, count, count);
    (table[op.op] as Runner<typeof op.op>)(op as never, from, to);
  }

  dispose(): void {
    this.life.end();
  }

  private own(buffer: DeviceBuffer): ReferenceBuffer {
    this.life.assertReady();
    if (!(buffer instanceof ReferenceBuffer) || buffer.owner !== this.life)
      throw new Error('this buffer belongs to another backend; download it there and upload it here');
    return buffer;
  }

  private ownWeights(weights: PreparedWeights): ReferenceWeights {
    this.life.assertReady();
    if (!(weights instanceof ReferenceWeights) || weights.owner !== this.life)
      throw new Error('these weights were prepared by another backend; prepare them here');
    return weights;
  }
}

function expectInputs(op: string, inputs: readonly unknown[], least: number, most: number): void {
  if (inputs.length < least || inputs.length > most)
    throw new RangeError(
      `${op} takes ${least === most ? least : `${least} or ${most}`} inputs, got ${inputs.length}`,
    );
}
