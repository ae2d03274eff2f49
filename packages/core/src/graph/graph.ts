import type { Pads, Pair } from '../backend/geometry.js';
import type { Quantizer } from '../backend/quantizer.js';
import type { Shape } from '../tensor/shape.js';

/** Name of the graph's input value. */
export const INPUT = 'input';

interface NodeBase {
  /** Unique; also the name of the node's output value. */
  readonly name: string;
  /** Names of earlier nodes, or INPUT. */
  readonly inputs: readonly string[];
}

/** Layers, stored as JSON in a model file. Strings called weights, bias, gamma ... name entries of `Model.weights`. */
export type Node = NodeBase &
  (
    | {
        readonly op: 'conv2d';
        /** [outChannels, kh, kw, inChannels / groups] */
        readonly weights: string;
        readonly bias?: string;
        readonly strides: Pair;
        readonly dilations: Pair;
        readonly pads: Pads;
        readonly groups: number;
      }
    | {
        readonly op: 'dense';
        /** [outputs, inputs] */
        readonly weights: string;
        readonly bias?: string;
      }
    | {
        readonly op: 'batchNorm';
        readonly gamma: string;
        readonly beta: string;
        readonly mean: string;
        readonly variance: string;
        readonly epsilon: number;
      }
    | { readonly op: 'quantize'; readonly quantizer: Quantizer }
    | { readonly op: 'relu' }
    | { readonly op: 'clamp'; readonly min: number; readonly max: number }
    | { readonly op: 'prelu'; readonly slopes: string }
    | { readonly op: 'maxPool'; readonly window: Pair; readonly strides: Pair; readonly pads: Pads }
    | {
        readonly op: 'avgPool';
        readonly window: Pair;
        readonly strides: Pair;
        readonly pads: Pads;
        readonly countPadding: boolean;
      }
    | { readonly op: 'globalAvgPool' }
    /** Two inputs of one shape. */
    | { readonly op: 'add' }
    | { readonly op: 'subsample'; readonly strides: Pair }
    | { readonly op: 'padChannels'; readonly before: number; readonly after: number }
    | { readonly op: 'flatten' }
    | { readonly op: 'softmax' }
  );

/** A feed-forward network: nodes in an order in which every input comes before its use. */
export interface Graph {
  /** One picture without the batch axis, usually [H, W, C]. */
  readonly inputShape: Shape;
  readonly nodes: readonly Node[];
  /** Name of the node whose value is the network's output. */
  readonly output: string;
}
