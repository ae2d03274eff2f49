import { INPUT, type Model, type Node, neededNodes, subgraph, type Tensor } from '@apb/core';

/** Runs a network on a batch [N, ...]: a session of @apb/runtime, or whatever else computes core's graphs. */
export type Run = (model: Model, batch: Tensor) => Promise<Tensor>;

/**
 * Values of a network on some pictures, asked for from its front to its back. The last value that all later ones are
 * computed from is kept, so that a walk over all layers costs about one run of the network.
 */
export class Values {
  private from = INPUT;
  private value: Tensor;

  constructor(
    private readonly run: Run,
    pictures: Tensor,
    private readonly cuts: readonly string[],
  ) {
    this.value = pictures;
  }

  /** The value called `name`. What it is computed from must be final in `model`. */
  async at(model: Model, name: string): Promise<Tensor> {
    return valueFrom(this.run, model, this.from, this.value, name);
  }

  /** Goes on from the last value before `name`, or `name` itself, that later ones need nothing beside. */
  async advance(model: Model, name: string): Promise<void> {
    const order = [INPUT, ...model.graph.nodes.map(node => node.name)];
    const until = order.indexOf(name);
    const cut = this.cuts.findLast(c => order.indexOf(c) <= until);
    if (cut === undefined || cut === this.from || order.indexOf(cut) < order.indexOf(this.from)) return;
    this.value = await this.at(model, cut);
    this.from = cut;
  }
}

/** A value of a network, computed from an earlier one. */
export async function valueFrom(
  run: Run,
  model: Model,
  from: string,
  given: Tensor,
  name: string,
): Promise<Tensor> {
  return name === from ? given : run(subgraph(model, from, name), given);
}

/** Nodes that every path from the input to the output goes through, in order. */
export function cutsOf({ graph }: Model): string[] {
  const nodes: readonly Node[] = neededNodes(graph);
  const lastUse = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const input of node.inputs) lastUse.set(input, i);
  });
  const cuts: string[] = [];
  // Until this node, some value from before the one looked at is still needed.
  let needed = lastUse.get(INPUT) ?? 0;
  nodes.forEach((node, i) => {
    if (needed <= i) cuts.push(node.name);
    needed = Math.max(needed, lastUse.get(node.name) ?? i);
  });
  return cuts;
}
