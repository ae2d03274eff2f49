import { InputError } from '../errors.js';
import { type Graph, INPUT, type Node } from './graph.js';
import type { Model } from './model.js';
import { parametersOf } from './parameters.js';
import { inferShapes, weightShapes } from './shapes.js';

/**
 * The part of a model between two values, as a model of its own: its input is the value called `from`
 * (a node or INPUT), its output that of node `to`. One layer can so be run on an input of one's choice. Nodes
 * and parameters that `to` does not need are left out; values enter as they are (mean 0, std 1), the class
 * names stay when `to` is the model's output.
 * @throws InputError when a name is unknown, when `to` does not follow from `from`, or when it needs a value
 *   from before `from` as well
 */
export function subgraph(model: Model, from: string, to: string): Model {
  const { graph, weights } = model;
  const inputShape = inferShapes(graph, weightShapes(weights)).get(from);
  if (!inputShape) throw new InputError(`the model has no value "${from}" to start from`);
  const nodes = nodesBetween(graph, from, to).map(node => ({
    ...node,
    inputs: node.inputs.map(name => (name === from ? INPUT : name)),
  }));
  const used = new Set(nodes.flatMap(parametersOf));
  const channels = inputShape[inputShape.length - 1];
  return {
    graph: { inputShape, nodes, output: to },
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name))),
    input: {
      shape: inputShape,
      mean: new Array(channels).fill(0),
      std: new Array(channels).fill(1),
      resize: { rule: 'exact' },
    },
    classes: to === graph.output ? model.classes : [],
    provenance: model.provenance,
  };
}

/** In the graph's order: what `to` is computed from, `from` excluded, `to` included. */
function nodesBetween(graph: Graph, from: string, to: string): Node[] {
  if (!graph.nodes.some(node => node.name === to))
    throw new InputError(`the model has no node "${to}" to end at`);
  const needed = new Set([to]);
  const nodes: Node[] = [];
  let reached = false;
  // Inputs come before their use, so one pass backwards meets every needed node after all its users.
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name) || node.name === from) continue;
    nodes.push(node);
    for (const name of node.inputs) {
      needed.add(name);
      reached ||= name === from;
    }
  }
  if (!reached)
    throw new InputError(`"${to}" is not computed from "${from}"; start at a value that comes before it`);
  if (from !== INPUT && needed.has(INPUT))
    throw new InputError(
      `"${to}" also needs values from before "${from}"; start at a value that all of them come from`,
    );
  return nodes.reverse();
}
