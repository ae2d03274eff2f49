import * as tf from '@tensorflow/tfjs-core';

/** Ops that are methods of a tensor: `x.add(y)` is `tf.add(x, y)`. */
const ops =
  `abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND
  broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace depthwiseConv2d
  dilation2d div divNoNan dot elu equal erf euclideanNorm exp expandDims expm1 floor floorDiv gather greater
  greaterEqual isFinite isInf isNaN leakyRelu less lessEqual localResponseNormalization log log1p logSigmoid
  logSoftmax logSumExp logicalAnd logicalNot logicalOr logicalXor matMul max maxPool maximum mean min minimum
  mirrorPad mod mul neg norm notEqual oneHot onesLike pad pool pow prelu prod reciprocal relu relu6 reshape reverse
  round rsqrt selu separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt square
  squaredDifference squeeze step stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack
  zerosLike`.split(/\s+/);

type Op = (...args: unknown[]) => unknown;

/** The methods that are no op of the same name. */
const others: Record<string, Op> = {
  flatten: x => tf.reshape(x as tf.Tensor, [(x as tf.Tensor).size]),
  as1D: x => tf.reshape(x as tf.Tensor, [(x as tf.Tensor).size]),
  asScalar: x => tf.reshape(x as tf.Tensor, []),
  reshapeAs: (x, like) => tf.reshape(x as tf.Tensor, (like as tf.Tensor).shape),
  toFloat: x => tf.cast(x as tf.Tensor, 'float32'),
  toInt: x => tf.cast(x as tf.Tensor, 'int32'),
  toBool: x => tf.cast(x as tf.Tensor, 'bool'),
  asType: (x, dtype) => tf.cast(x as tf.Tensor, dtype as tf.DataType),
  where: (x, condition, other) => tf.where(condition as tf.Tensor, x as tf.Tensor, other as tf.Tensor),
  concat: (x, more, axis) => tf.concat([x, more].flat() as tf.Tensor[], axis as number),
  stack: (x, more, axis) => tf.stack([x, more].flat() as tf.Tensor[], axis as number),
};
for (const rank of [2, 3, 4, 5])
  others[`as${rank}D`] = (x, ...shape) => tf.reshape(x as tf.Tensor, shape as number[]);

/**
 * Gives tensors their methods. @tensorflow/tfjs does so; tfjs-core alone does not, and yet tfjs-layers
 * (orthogonal initialisers) and tfjs-node (prelu) call some.
 */
export function addTensorMethods(): void {
  const prototype = tf.Tensor.prototype as unknown as Record<string, Op>;
  const byName = tf as unknown as Record<string, Op>;
  for (const [name, op] of [...ops.map(name => [name, byName[name]] as const), ...Object.entries(others)]) {
    prototype[name] ??= function (this: tf.Tensor, ...args: unknown[]) {
      return op(this, ...args);
    };
  }
}
