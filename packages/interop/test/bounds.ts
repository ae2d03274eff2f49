import { denseValues, type Model, type Node, scaleOf, type Tensor, tensor, type WeightData } from '@apb/core';
import { runReference } from './run.js';

/** Half the spacing of float32 numbers around 1. */
const UNIT = 2 ** -24;

/**
 * How far two float32 evaluations of a network without quantizers may lie apart, per element of its output. Any order
 * of n roundings keeps a value within n units of the sum of its terms' magnitudes; those sums are the output of the
 * same network with every weight and input replaced by its magnitude. Both evaluations round, hence the 2.
 * @param magnitudes of the input, at least its values'
 */
export async function errorBound(model: Model, magnitudes: Tensor): Promise<Float64Array> {
  const { data } = await runReference(magnitudeModel(model), magnitudes);
  const roundings = model.graph.nodes.reduce((sum, node) => sum + roundingsOf(node, model), 0);
  return Float64Array.from(data, m => 2 * roundings * UNIT * m);
}

export function magnitude(x: Tensor): Tensor {
  return tensor(x.shape, x.data.map(Math.abs));
}

function roundingsOf(node: Node, { weights }: Model): number {
  switch (node.op) {
    case 'conv2d':
    case 'dense':
      // Products of codes, signs and a sparse rest take a few roundings more than terms.
      return weights[node.weights].shape.slice(1).reduce((a, b) => a * b) + 8;
    case 'avgPool':
      return node.window[0] * node.window[1] + 2;
    case 'globalAvgPool':
      return 100;
    default:
      return 3;
  }
}

/** Terms in place of values: nothing cancels. Activations, whose slopes are below 1, only make values smaller. */
function magnitudeModel(model: Model): Model {
  const nodes = model.graph.nodes.map((node): Node => {
    const { name, inputs } = node;
    return node.op === 'clamp' || node.op === 'prelu' ? { op: 'relu', name, inputs } : node;
  });
  const means = new Set(nodes.flatMap(node => (node.op === 'batchNorm' ? [node.mean] : [])));
  const slopes = new Set(model.graph.nodes.flatMap(node => (node.op === 'prelu' ? [node.slopes] : [])));
  const weights = Object.entries(model.weights)
    .filter(([name]) => !slopes.has(name))
    .map(([name, data]) => {
      const values = magnitudesOf(data);
      return [
        name,
        { encoding: 'float', shape: data.shape, values: means.has(name) ? negated(values) : values },
      ];
    });
  return { ...model, graph: { ...model.graph, nodes }, weights: Object.fromEntries(weights) };
}

/** A full-precision weight w is a sign times alpha and a rest: their magnitudes add up to at most |w| + 2 alpha. */
function magnitudesOf(data: WeightData): Float32Array {
  const values = denseValues(data);
  if (data.encoding !== 'apb') return values.map(Math.abs);
  const k = values.length / data.shape[0];
  return values.map((w, i) => Math.abs(w) + 2 * scaleOf(data.weights.scales, Math.floor(i / k)));
}

function negated(values: Float32Array): Float32Array {
  return values.map(v => -v);
}
