import { LayersModel, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';

/** What a model computes, read from its outputs back to its inputs, nested models opened. */
export interface Scan {
  /** Every layer on the way, each after those whose values it takes; nested models and inputs are left out. */
  readonly layers: readonly layers.Layer[];
  /** Tensors that a layer takes, over all its uses; those of a nested model's inputs lead outside of it. */
  sources(layer: layers.Layer): readonly SymbolicTensor[];
  /** The tensors that stand for one: itself, or what a nested model's input or output stands for. */
  resolve(tensor: SymbolicTensor): readonly SymbolicTensor[];
}

/** Tensors that the application of a layer which made `tensor` took. */
export function inputsOf({ sourceLayer, nodeIndex }: SymbolicTensor): readonly SymbolicTensor[] {
  return sourceLayer.inboundNodes[nodeIndex].inputTensors;
}

export function scan(model: LayersModel): Scan {
  const uses = new Map<layers.Layer, SymbolicTensor[]>();
  const order: layers.Layer[] = [];
  /** By a nested model's input: what the model was applied to. */
  const outside = new Map<number, SymbolicTensor[]>();
  const seen = new Set<number>();
  const visit = (tensor: SymbolicTensor): void => {
    if (seen.has(tensor.id)) return;
    seen.add(tensor.id);
    const { sourceLayer: layer, tensorIndex } = tensor;
    const inputs = inputsOf(tensor);
    for (const input of inputs) visit(input);
    if (layer instanceof LayersModel) {
      layer.inputs.forEach((own, i) => {
        outside.set(own.id, [...(outside.get(own.id) ?? []), inputs[i]]);
      });
      visit(layer.outputs[tensorIndex]);
      return;
    }
    if (layer.getClassName() === 'InputLayer') return;
    if (!uses.has(layer)) order.push(layer);
    uses.set(layer, [...(uses.get(layer) ?? []), ...inputs]);
  };
  for (const output of model.outputs) visit(output);
  return {
    layers: order,
    sources: layer => uses.get(layer) ?? [],
    resolve(tensor) {
      const { sourceLayer: layer, tensorIndex } = tensor;
      if (layer instanceof LayersModel) return this.resolve(layer.outputs[tensorIndex]);
      return outside.get(tensor.id)?.flatMap(t => this.resolve(t)) ?? [tensor];
    },
  };
}
