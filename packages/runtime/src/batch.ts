import { InputError, type Shape, sizeOf, type Tensor } from '@apb/core';

/** @throws InputError when it is not a batch of at least one picture of the input's shape */
export function checkBatch({ shape, data }: Tensor, inputShape: Shape): void {
  const [count, ...rest] = shape;
  const given = `the batch is [${shape.join(', ')}]`;
  const wanted = `[N, ${inputShape.join(', ')}] with N of at least 1`;
  if (rest.length !== inputShape.length || rest.some((axis, i) => axis !== inputShape[i]))
    throw new InputError(`${given}, the model takes ${wanted}`);
  if (!Number.isInteger(count) || count < 1)
    throw new InputError(`${given}, which holds no picture; give ${wanted}`);
  if (!(data instanceof Float32Array) || data.length !== sizeOf(shape))
    throw new InputError(`${given} and needs a Float32Array of ${sizeOf(shape)} values`);
}
