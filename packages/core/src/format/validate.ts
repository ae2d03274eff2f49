import { foldEpilogue } from '../backend/epilogue.js';
import { InputError } from '../errors.js';
import type { Graph, Node } from '../graph/graph.js';
import type { Model, WeightData } from '../graph/model.js';
import { parametersOf, vectorsOf } from '../graph/parameters.js';
import { inferShapes, weightShapes } from '../graph/shapes.js';
import { sameShape, sizeOf } from '../tensor/shape.js';
import * as documents from './documents.js';
import * as s from './schema.js';
import { checkWeight } from './weights.js';

type Weights = Readonly<Record<string, WeightData>>;

/**
 * Sparse parameters are the one encoding whose dense form is not bounded by its bytes. Beyond 64 MiB in all,
 * it may be 10,000 times the number of stored values: well below any density that pruning reaches.
 */
const FREE_SPARSE_ELEMENTS = 2 ** 24;
const SPARSE_EXPANSION = 10_000;

/**
 * Checks a whole model, whether built in memory or read from a file.
 * @returns a clean copy (the weights' arrays are shared): only known fields, dictionaries in sorted order
 * @throws InputError naming the node, parameter or field that is wrong
 */
export function validateModel(model: Model): Model {
  const graph = documents.graph(model.graph, 'the graph');
  const input = documents.inputDescription(model.input, 'the input description');
  const classes = documents.classes(model.classes, 'classes');
  const provenance = documents.provenance(model.provenance, 'provenance');
  const weights = s.dictionary(value => value as WeightData)(model.weights, 'weights');
  for (const [name, w] of Object.entries(weights)) checkWeight(w, `parameter ${s.show(name)}`);
  checkSparseExpansion(weights);
  const shapes = inferShapes(graph, weightShapes(weights));
  checkUse(graph, weights);
  if (!sameShape(input.shape, graph.inputShape))
    throw new InputError(
      `the input description has the shape [${input.shape}], the graph takes [${graph.inputShape}]`,
    );
  const outputs = sizeOf(shapes.get(graph.output) ?? []);
  if (classes.length !== 0 && classes.length !== outputs)
    throw new InputError(`there are ${classes.length} class names for ${outputs} outputs`);
  for (const node of graph.nodes) checkNorm(node, weights);
  return { graph, weights, input, classes, provenance };
}

/** Every parameter is used, and those that are vectors over channels are plain float32. */
function checkUse(graph: Graph, weights: Weights): void {
  const used = new Set(graph.nodes.flatMap(parametersOf));
  for (const name of Object.keys(weights))
    if (!used.has(name)) throw new InputError(`parameter ${s.show(name)} is used by no node`);
  for (const name of graph.nodes.flatMap(vectorsOf))
    if (weights[name].encoding !== 'float')
      throw new InputError(
        `parameter ${s.show(name)} is a vector over channels and cannot be ${weights[name].encoding}`,
      );
}

/** A batch norm must fold into a finite scale and shift, as every backend needs it. */
function checkNorm(node: Node, weights: Weights): void {
  if (node.op !== 'batchNorm') return;
  const [gamma, beta, mean, variance] = vectorsOf(node).map(
    name => (weights[name] as { values: Float32Array }).values,
  );
  const what = `node ${s.show(node.name)}`;
  if (node.epsilon < 0 || variance.some(v => v < 0))
    throw new InputError(`${what}: epsilon and the variances cannot be negative`);
  const { scale, shift } = foldEpilogue(gamma.length, undefined, {
    gamma,
    beta,
    mean,
    variance,
    epsilon: node.epsilon,
  });
  if (!scale.every(Number.isFinite) || !shift.every(Number.isFinite))
    throw new InputError(`${what}: gamma / sqrt(variance + epsilon) is not finite in float32`);
}

function checkSparseExpansion(weights: Weights): void {
  let elements = 0;
  let stored = 0;
  for (const w of Object.values(weights))
    if (w.encoding === 'sparse') {
      elements += sizeOf(w.shape);
      stored += w.values.length;
    }
  if (elements > Math.max(FREE_SPARSE_ELEMENTS, SPARSE_EXPANSION * stored))
    throw new InputError(`the sparse parameters expand ${stored} stored values to ${elements} weights`);
}
