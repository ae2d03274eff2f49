import type { Model } from '@apb/core';

/** The float network of the same layers: what reads a quantizer's value reads what the quantizer read. */
export function withoutQuantizers(model: Model): Model {
  const replaced = new Map<string, string>();
  const source = (name: string): string => replaced.get(name) ?? name;
  const nodes = [];
  for (const node of model.graph.nodes) {
    if (node.op === 'quantize') replaced.set(node.name, source(node.inputs[0]));
    else nodes.push({ ...node, inputs: node.inputs.map(source) });
  }
  return { ...model, graph: { ...model.graph, nodes, output: source(model.graph.output) } };
}
