import { type Graph, type Node, neededNodes, soleReaders } from '@apb/core';

type NodeOf<K extends Node['op']> = Extract<Node, { op: K }>;
export type LayerNode = NodeOf<'conv2d'> | NodeOf<'dense'>;
export type ActivationNode = NodeOf<'relu'> | NodeOf<'clamp'> | NodeOf<'prelu'>;

/** Nodes that become one step: a head and what follows it, in the order of the epilogue. */
export interface Chain {
  readonly head: Node;
  readonly norm?: NodeOf<'batchNorm'>;
  /** The value that an absorbed add brings in. */
  readonly residual?: string;
  readonly activation?: ActivationNode;
  readonly quantize?: NodeOf<'quantize'>;
  /** All of them, in order; the last one's value is the chain's. */
  readonly nodes: readonly Node[];
}

/**
 * Groups the nodes the output depends on into chains, in an order in which every value comes before its use.
 * A node is absorbed only when nothing else reads the value before it. A layer absorbs a batch norm, then
 * (when `fuse`) an add, an activation and a quantizer; a lone batch norm or add absorbs an activation.
 */
export function chainsOf(graph: Graph, fuse: boolean): Chain[] {
  const nodes = neededNodes(graph);
  const next = soleReaders(nodes);
  const taken = new Set<Node>();
  const chains: Chain[] = [];
  for (const head of nodes) {
    if (taken.has(head)) continue;
    const chain = grow(head, fuse, last => {
      const node = next.get(last.name);
      return node && !taken.has(node) ? node : undefined;
    });
    for (const node of chain.nodes) taken.add(node);
    chains.push(chain);
  }
  // A chain runs when its last node would: by then an absorbed add's other input is there too.
  const order = new Map(nodes.map((node, i) => [node, i]));
  const position = (chain: Chain) => order.get(chain.nodes[chain.nodes.length - 1]) as number;
  return chains.sort((a, b) => position(a) - position(b));
}

function grow(head: Node, fuse: boolean, follower: (last: Node) => Node | undefined): Chain {
  const nodes = [head];
  const link = <N extends Node>(matches: (node: Node) => node is N): N | undefined => {
    const node = follower(nodes[nodes.length - 1]);
    if (!node || !matches(node)) return undefined;
    nodes.push(node);
    return node;
  };
  if (head.op === 'conv2d' || head.op === 'dense') {
    const norm = link(isA('batchNorm'));
    if (!fuse) return { head, norm, nodes };
    const before = nodes[nodes.length - 1].name;
    const residual = link(isA('add'))?.inputs.find(input => input !== before);
    return { head, norm, residual, activation: link(isActivation), quantize: link(isA('quantize')), nodes };
  }
  if (fuse && (head.op === 'batchNorm' || head.op === 'add'))
    return { head, activation: link(isActivation), nodes };
  return { head, nodes };
}

function isA<K extends Node['op']>(op: K): (node: Node) => node is NodeOf<K> {
  return (node): node is NodeOf<K> => node.op === op;
}

export function isActivation(node: Node): node is ActivationNode {
  return node.op === 'relu' || node.op === 'clamp' || node.op === 'prelu';
}
