import {
  encodeOnnx,
  type OnnxElementType,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './encode.js';

/** One operation on the value before it. */
export interface Step {
  readonly op: string;
  /** Names of further inputs, after the value. */
  readonly more?: readonly string[];
  readonly attributes?: OnnxNode['attributes'];
}

/** Collects an ONNX graph under names that are each used once. */
export class OnnxBuilder {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants: OnnxTensor[] = [];
  private readonly names: Set<string>;

  /** @param reserved names that only `chain` may give, to values */
  constructor(reserved: Iterable<string>) {
    this.names = new Set(reserved);
  }

  /** A name like `wanted` that nothing has yet. */
  unique(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.names.has(name); i++) name = `${wanted}.${i}`;
    this.names.add(name);
    return name;
  }

  floats(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    return this.constant(name, 'float32', dims, 4, values, (view, at, v) => view.setFloat32(at, v, true));
  }

  int32s(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    return this.constant(name, 'int32', dims, 4, values, (view, at, v) => view.setInt32(at, v, true));
  }

  /** A list. */
  int64s(name: string, values: readonly number[]): string {
    return this.constant(name, 'int64', [values.length], 8, values, (view, at, v) =>
      view.setBigInt64(at, BigInt(v), true),
    );
  }

  int8s(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    return this.constant(name, 'int8', dims, 1, values, (view, at, v) => view.setInt8(at, v));
  }

  /** A scalar. */
  uint8(name: string, value: number): string {
    return this.constant(name, 'uint8', [], 1, [value], (view, at, v) => view.setUint8(at, v));
  }

  /**
   * Steps one after the other from `input` on; no steps are an Identity.
   * @param output name of the last step's value, given as it is
   */
  chain(input: string, steps: readonly Step[], output: string): void {
    let value = input;
    const all = steps.length > 0 ? steps : [{ op: 'Identity' } as Step];
    all.forEach(({ op, more = [], attributes }, i) => {
      const made = i === all.length - 1 ? output : this.unique(`${output}/${op}`);
      this.nodes.push({ op, inputs: [value, ...more], outputs: [made], attributes });
      value = made;
    });
  }

  encode(input: OnnxValue, output: OnnxValue, metadata: Readonly<Record<string, string>>): Uint8Array {
    const { nodes, constants } = this;
    return encodeOnnx({ name: 'apb', inputs: [input], outputs: [output], constants, nodes }, metadata);
  }

  private constant(
    wanted: string,
    type: OnnxElementType,
    dims: readonly number[],
    bytes: number,
    values: ArrayLike<number>,
    set: (view: DataView, at: number, value: number) => void,
  ): string {
    const data = new Uint8Array(bytes * values.length);
    const view = new DataView(data.buffer);
    for (let i = 0; i < values.length; i++) set(view, i * bytes, values[i]);
    const name = this.unique(wanted);
    this.constants.push({ name, type, dims, data });
    return name;
  }
}
