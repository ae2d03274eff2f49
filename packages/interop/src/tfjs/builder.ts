/** Values of node attributes that we use: a type, integers, one integer, a text or a flag. */
type TfAttribute =
  | { readonly type: 'DT_FLOAT' | 'DT_INT32' }
  | { readonly ints: readonly number[] }
  | { readonly int: number }
  | { readonly text: string }
  | { readonly flag: boolean };

/** One operation on the value before it. */
export interface TfStep {
  readonly op: string;
  /** Names of further inputs, after the value. */
  readonly more?: readonly string[];
  readonly attributes?: Readonly<Record<string, TfAttribute>>;
}

/** An entry of the weights manifest. */
export interface TfWeight {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
}

type JsonNode = Readonly<Record<string, unknown>>;

/** Collects a TensorFlow graph, as JSON nodes and weights, under names that are each used once. */
export class TfBuilder {
  readonly nodes: JsonNode[] = [];
  readonly weights: TfWeight[] = [];
  /** Bytes of the weights, little-endian, in their order. */
  readonly data: Uint8Array[] = [];
  private readonly names = new Set<string>();

  /** A name like `wanted` that nothing has yet, of the characters TensorFlow allows. */
  unique(wanted: string): string {
    const base = wanted.replace(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, '.');
    let name = base;
    for (let i = 2; this.names.has(name); i++) name = `${base}_${i}`;
    this.names.add(name);
    return name;
  }

  placeholder(name: string, shape: readonly number[]): void {
    const dim = [-1, ...shape].map(size => ({ size: String(size) }));
    this.nodes.push({
      name,
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } },
    });
  }

  floats(name: string, shape: readonly number[], values: ArrayLike<number>): string {
    return this.constant(name, 'float32', shape, values, (view, at, v) => view.setFloat32(at, v, true));
  }

  int32(name: string, value: number): string {
    return this.constant(name, 'int32', [], [value], (view, at, v) => view.setInt32(at, v, true));
  }

  /** A list, or a list of lists of `width`. */
  int32s(name: string, values: readonly number[], width?: number): string {
    const shape = width === undefined ? [values.length] : [values.length / width, width];
    return this.constant(name, 'int32', shape, values, (view, at, v) => view.setInt32(at, v, true));
  }

  /** @returns the new value's name */
  node(wanted: string, op: string, inputs: readonly string[], attributes: TfStep['attributes'] = {}): string {
    const name = this.unique(wanted);
    const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, json(value)]));
    this.nodes.push({ name, op, input: inputs, attr: { T: { type: 'DT_FLOAT' }, ...attr } });
    return name;
  }

  /**
   * Steps one after the other from `input` on.
   * @returns the name of the last one's value, without steps the input's
   */
  chain(input: string, steps: readonly TfStep[], wanted: string): string {
    let value = input;
    steps.forEach(({ op, more = [], attributes }, i) => {
      const name = i === steps.length - 1 ? wanted : `${wanted}/${op}`;
      value = this.node(name, op, [value, ...more], attributes);
    });
    return value;
  }

  private constant(
    wanted: string,
    dtype: TfWeight['dtype'],
    shape: readonly number[],
    values: ArrayLike<number>,
    set: (view: DataView, at: number, value: number) => void,
  ): string {
    const bytes = new Uint8Array(4 * values.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) set(view, 4 * i, values[i]);
    const name = this.unique(wanted);
    const type = dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32';
    const tensorShape = { dim: shape.map(size => ({ size: String(size) })) };
    this.nodes.push({
      name,
      op: 'Const',
      attr: { dtype: { type }, value: { tensor: { dtype: type, tensorShape } } },
    });
    this.weights.push({ name, dtype, shape });
    this.data.push(bytes);
    return name;
  }
}

/** Protocol buffers as JSON write 64-bit integers as text and bytes in base64. */
function json(value: TfAttribute): unknown {
  if ('type' in value) return value;
  if ('ints' in value) return { list: { i: value.ints.map(String) } };
  if ('int' in value) return { i: String(value.int) };
  if ('text' in value) return { s: btoa(value.text) };
  return { b: value.flag };
}
