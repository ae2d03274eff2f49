import { InputError, type Model, type Shape } from '@apb/core';
import { GraphBuilder } from '../graphBuilder.js';
import { type InputNotes, inputOf } from '../inputDescription.js';
import { Attributes } from './attributes.js';
import { readConstant } from './constant.js';
import { decodeOnnx, type NodeProto, type OnnxFile, type ValueProto } from './decode.js';
import { elementwiseOps } from './elementwiseOps.js';
import { layerOps } from './layerOps.js';
import { type Computed, inOurOrder, isConstant, type OnnxValue, type Operator } from './operator.js';
import { shapeOps } from './shapeOps.js';

const OPS: Readonly<Record<string, (op: Operator) => OnnxValue>> = {
  ...layerOps,
  ...elementwiseOps,
  ...shapeOps,
};

/** Numbers of parameters that a file may make, for each of its bytes: values may be 1 byte and be used several times. */
const EXPANSION = 8;
const FREE_ELEMENTS = 2 ** 20;

/**
 * An ONNX network as a model of @apb/core, its pictures turned from NCHW to NHWC. Its one input is [N, C, H, W], or
 * [N, H, W, C] where a Transpose comes first, or [N, K].
 * @throws InputError naming the operator and what of it cannot be imported
 */
export function importOnnx(file: Uint8Array): { model: Model } & InputNotes {
  const onnx = decodeOnnx(file);
  const nodes = neededNodes(onnx);
  const constants = new Map(onnx.initializers.map(t => [t.name, t]));
  const input = inputValue(onnx, constants);
  const isNhwc = readsAsNhwc(nodes, input.name);
  const shape = ourShape(input.dims, isNhwc);
  const builder = new GraphBuilder(shape, FREE_ELEMENTS + EXPANSION * file.length);
  const values = new Map<string, OnnxValue>([
    [input.name, { value: builder.input, axes: isNhwc ? 'NHWC' : 'NCHW' }],
  ]);
  const uses = countUses(nodes, onnx.outputs);
  const valueNamed = (name: string, what: string): OnnxValue | undefined => {
    if (name === '') return undefined;
    const known = values.get(name);
    if (known) return known;
    const initializer = constants.get(name);
    if (!initializer) throw new InputError(`${what}: its input ${JSON.stringify(name)} is no earlier value`);
    const read = readConstant(initializer, `initialiser ${JSON.stringify(name)}`);
    values.set(name, read);
    return read;
  };
  for (const node of nodes) {
    const what = describe(node);
    const make = Object.hasOwn(OPS, node.opType) ? OPS[node.opType] : undefined;
    if (!make || (node.domain !== '' && node.domain !== 'ai.onnx'))
      throw new InputError(
        `${what}: this operator${node.domain && ` of ${node.domain}`} cannot be imported; ${Object.keys(OPS).sort().join(', ')} can`,
      );
    if (values.has(node.output[0]))
      throw new InputError(`${what}: its output has the name of an earlier value`);
    const made = make({
      name: node.name || node.output[0],
      what,
      type: node.opType,
      opset: onnx.opset,
      attributes: new Attributes(node, what),
      inputs: node.input.map(name => valueNamed(name, what)),
      isOnlyReader: index => uses.get(node.input[index]) === 1,
      builder,
    });
    values.set(node.output[0], made);
  }
  const output = valueNamed(onnx.outputs[0].name, 'the graph');
  if (!output || isConstant(output)) throw new InputError('the output does not depend on the input');
  const result = inOurOrder({ what: 'the output', type: 'result' } as Operator, output as Computed);
  const { input: description, classes, notes } = inputOf(shape, onnx.metadata);
  const model = builder.model(result, { input: description, classes, provenance: {} });
  return { model, notes };
}

function describe({ name, opType, output }: NodeProto): string {
  return `operator ${opType} ${JSON.stringify(name || output[0] || '')}`;
}

/** What the output is computed from, in the file's order. */
function neededNodes({ nodes, outputs }: OnnxFile): NodeProto[] {
  if (outputs.length !== 1)
    throw new InputError(`its graph has ${outputs.length} outputs; a network of one output can be imported`);
  const needed = new Set([outputs[0].name]);
  return nodes
    .toReversed()
    .filter(node => {
      if (!node.output.some(name => needed.has(name))) return false;
      for (const name of node.input) needed.add(name);
      // Means and masks beside the first output are for training.
      if (node.output.slice(1).some(name => name !== '' && needed.has(name)))
        throw new InputError(`${describe(node)}: only its first output can be imported`);
      return true;
    })
    .reverse();
}

function countUses(nodes: readonly NodeProto[], outputs: readonly ValueProto[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...nodes.flatMap(node => node.input), ...outputs.map(o => o.name)])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

/** The graph's one input that no initialiser gives, and its axes without the batch. */
function inputValue({ inputs }: OnnxFile, constants: ReadonlyMap<string, unknown>) {
  const open = inputs.filter(({ name }) => !constants.has(name));
  if (open.length !== 1)
    throw new InputError(`its graph has ${open.length} inputs; a network of one input can be imported`);
  const [{ name, type }] = open;
  const tensor = type?.tensorType;
  if (tensor?.elemType !== 1)
    throw new InputError(`its input ${JSON.stringify(name)} is no float32 tensor; export it with one`);
  const dims = (tensor.shape?.dim ?? []).slice(1).map(d => Number(d.dimValue));
  if (dims.length !== 1 && dims.length !== 3)
    throw new InputError(
      `its input ${JSON.stringify(name)} has ${dims.length + 1} axes; pictures [N, C, H, W] or rows [N, K] can be imported`,
    );
  if (dims.some(d => !Number.isInteger(d) || d < 1))
    throw new InputError(
      `the size of its input ${JSON.stringify(name)} is open, [N, ${dims.map(d => d || '?')}]; export it with fixed sizes`,
    );
  return { name, dims };
}

/** Whether all that reads the input turns it from NHWC to NCHW first. */
function readsAsNhwc(nodes: readonly NodeProto[], name: string): boolean {
  const readers = nodes.filter(node => node.input.includes(name));
  return (
    readers.length > 0 &&
    readers.every(
      node =>
        node.opType === 'Transpose' && node.attribute.find(a => a.name === 'perm')?.ints.join() === '0,3,1,2',
    )
  );
}

function ourShape(dims: readonly number[], isNhwc: boolean): Shape {
  if (dims.length === 1 || isNhwc) return dims;
  const [c, h, w] = dims;
  return [h, w, c];
}
