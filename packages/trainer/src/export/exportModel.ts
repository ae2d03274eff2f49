import {
  INPUT,
  type InputDescription,
  InputError,
  inferShapes,
  type Model,
  sameShape,
  type ValueType,
  weightShapes,
} from '@apb/core';
import { LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { convertLayer } from './convertLayer.js';
import { GraphWriter } from './graphWriter.js';
import { type Value, withoutPads } from './value.js';

export interface ExportOptions {
  /** How a picture becomes the input; its shape must be the model's. */
  readonly input: InputDescription;
  /** Names of the outputs, in order; may be empty. */
  readonly classes: readonly string[];
  readonly provenance: Readonly<Record<string, string>>;
  /** How full-precision weights of APB layers are rounded; default float32, which changes nothing. */
  readonly valueType?: ValueType;
}

/**
 * A trained tf.layers model, functional or sequential, nested or not, as core's Model: what a file holds and the
 * runtime runs. 'same' becomes four pads, kernels become [out, kh, kw, in / groups], dropout vanishes.
 * @throws InputError naming the layer that cannot be exported, a shape that is not fixed, a value that is not finite
 */
export function exportModel(model: LayersModel, options: ExportOptions): Model {
  const { input, classes, provenance, valueType = 'float32' } = options;
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    throw new InputError(
      `only models of one input and one output can be exported, not ${model.inputs.length} and ${model.outputs.length}`,
    );
  const inputShape = shapeOf(model.inputs[0]);
  if (!sameShape(inputShape, input.shape))
    throw new InputError(`the model takes [${inputShape}], its input description says [${input.shape}]`);
  const writer = new GraphWriter();
  const start: Value = { name: INPUT, shape: inputShape };
  const end = convert(model.outputs[0], new Map([[model.inputs[0].id, start]]), writer, valueType);
  const output = withoutPads(model.outputs[0].sourceLayer, end).name;
  const graph = { inputShape, nodes: writer.nodes, output };
  const [outputs] = inferShapes(graph, weightShapes(writer.weights)).get(output)!;
  if (classes.length > 0 && classes.length !== outputs)
    throw new InputError(`the model has ${outputs} outputs, but ${classes.length} class names were given`);
  return { graph, weights: writer.weights, input, classes, provenance };
}

/** The value of a symbolic tensor: converts, once each, every layer on the way from the known ones. */
function convert(
  tensor: SymbolicTensor,
  known: Map<number, Value>,
  writer: GraphWriter,
  valueType: ValueType,
): Value {
  const found = known.get(tensor.id);
  if (found) return found;
  const { sourceLayer: layer, nodeIndex, tensorIndex } = tensor;
  const inputs = layer.inboundNodes[nodeIndex].inputTensors.map(t => convert(t, known, writer, valueType));
  let value: Value;
  if (layer instanceof LayersModel) {
    // Inside a nested model its own inputs stand for the values it was applied to.
    const inner = new Map(layer.inputs.map((t, i) => [t.id, inputs[i]]));
    value = convert(layer.outputs[tensorIndex], inner, writer, valueType);
  } else {
    const made = convertLayer(layer, inputs, writer, valueType);
    value = typeof made === 'string' ? { name: made, shape: shapeOf(tensor) } : made;
  }
  known.set(tensor.id, value);
  return value;
}

function shapeOf(tensor: SymbolicTensor): number[] {
  const shape = tensor.shape.slice(1);
  if (shape.some(size => size === null))
    throw new InputError(
      `layer ${tensor.sourceLayer.name}: its shape [${shape}] is not fixed; give the model a full inputShape`,
    );
  return shape as number[];
}
