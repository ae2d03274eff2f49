import {
  input,
  LayersModel,
  type layers,
  model as layersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { behindPadding } from './activations.js';
import type { Copy } from './copies.js';

export interface Rebuild {
  /** The new layers in one's place. Asked once a layer. */
  copy(layer: layers.Layer): Copy;
  /** Layers that take quantized values. */
  readonly quantized: ReadonlySet<layers.Layer>;
  /** A quantizer for a value; its takers share it. Asked once a value. */
  quantizer(tensor: SymbolicTensor, taker: layers.Layer): layers.Layer;
}

type CallArgs = Parameters<layers.Layer['apply']>[1];

/**
 * Builds a model anew, application by application: layers that are used several times stay shared, nested models stay
 * nested. The original is left as it is.
 */
export function rebuild(original: LayersModel, how: Rebuild): LayersModel {
  const copies = new Map<layers.Layer, Copy>();
  const copyOf = (layer: layers.Layer) => memo(copies, layer, () => how.copy(layer));
  const models = new Map<LayersModel, LayersModel>();
  const modelOf = (from: LayersModel) =>
    memo(models, from, () => new Rebuilding(from, copyOf, modelOf, how).model());
  const rebuilt = modelOf(original);
  for (const { fill } of copies.values()) fill();
  return rebuilt;
}

/** One model, of those that may be nested. */
class Rebuilding {
  /** By the id of the original's tensor. */
  private readonly values = new Map<number, SymbolicTensor>();
  private readonly quantizedValues = new Map<number, SymbolicTensor>();

  constructor(
    private readonly from: LayersModel,
    private readonly copyOf: (layer: layers.Layer) => Copy,
    private readonly modelOf: (nested: LayersModel) => LayersModel,
    private readonly how: Rebuild,
  ) {}

  model(): LayersModel {
    const { name, inputs, outputs } = this.from;
    const made = inputs.map(t => input({ batchShape: t.shape, name: t.sourceLayer.name, dtype: t.dtype }));
    inputs.forEach((t, i) => {
      this.values.set(t.id, made[i]);
    });
    return layersModel({ inputs: made, outputs: outputs.map(t => this.value(t)), name });
  }

  private value(tensor: SymbolicTensor): SymbolicTensor {
    const known = this.values.get(tensor.id);
    if (known) return known;
    const { sourceLayer: layer, nodeIndex } = tensor;
    const { inputTensors, outputTensors, callArgs } = layer.inboundNodes[nodeIndex];
    const takes = this.how.quantized.has(layer);
    const taken = inputTensors.map(t => (takes ? this.quantizedValue(t, layer) : this.value(t)));
    const made = this.apply(layer, taken, callArgs);
    outputTensors.forEach((t, i) => {
      this.values.set(t.id, made[i]);
    });
    return this.values.get(tensor.id)!;
  }

  private quantizedValue(tensor: SymbolicTensor, taker: layers.Layer): SymbolicTensor {
    return memo(this.quantizedValues, tensor.id, () => {
      if (behindPadding(tensor) === tensor)
        return applied(this.how.quantizer(tensor, taker), [this.value(tensor)])[0];
      const { sourceLayer: padding, nodeIndex } = tensor;
      const { inputTensors, callArgs } = padding.inboundNodes[nodeIndex];
      return this.apply(padding, [this.quantizedValue(inputTensors[0], taker)], callArgs)[0];
    });
  }

  private apply(layer: layers.Layer, inputs: SymbolicTensor[], callArgs: CallArgs): SymbolicTensor[] {
    const chain = layer instanceof LayersModel ? [this.modelOf(layer)] : this.copyOf(layer).chain;
    return chain.reduce((x, own) => applied(own, x, callArgs), inputs);
  }
}

/** tf.layers takes and gives a single tensor outside of a list. */
function applied(layer: layers.Layer, inputs: SymbolicTensor[], callArgs?: CallArgs): SymbolicTensor[] {
  const made = layer.apply(inputs.length === 1 ? inputs[0] : inputs, callArgs);
  return (Array.isArray(made) ? made : [made]) as SymbolicTensor[];
}

function memo<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
