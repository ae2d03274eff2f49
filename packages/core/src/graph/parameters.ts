import type { Node } from './graph.js';

/** Names of the parameters a node uses: its weights first, then the vectors over channels. */
export function parametersOf(node: Node): readonly string[] {
  return node.op === 'conv2d' || node.op === 'dense' ? [node.weights, ...vectorsOf(node)] : vectorsOf(node);
}

/** Names of the parameters that are one float32 number per channel. */
export function vectorsOf(node: Node): readonly string[] {
  switch (node.op) {
    case 'conv2d':
    case 'dense':
      return node.bias === undefined ? [] : [node.bias];
    case 'batchNorm':
      return [node.gamma, node.beta, node.mean, node.variance];
    case 'prelu':
      return [node.slopes];
    default:
      return [];
  }
}
