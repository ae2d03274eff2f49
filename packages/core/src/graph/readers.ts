import type { Graph, Node } from './graph.js';

/** What the output is computed from, in the graph's order. */
export function neededNodes({ nodes, output }: Graph): Node[] {
  const needed = new Set([output]);
  return nodes
    .toReversed()
    .filter(node => {
      if (!needed.has(node.name)) return false;
      for (const input of node.inputs) needed.add(input);
      return true;
    })
    .reverse();
}

/** The node that reads a value, for values that one of the nodes reads once. */
export function soleReaders(nodes: readonly Node[]): Map<string, Node> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  const sole = new Map<string, Node>();
  for (const [value, list] of readers) if (list.length === 1) sole.set(value, list[0]);
  return sole;
}
