import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';

/** @throws InputError when a network does not take a data set's pictures, or tells other classes apart */
export function checkFits(
  name: string,
  model: LayersModel,
  { name: data, shape, classes, train, test }: Dataset,
): void {
  const takes = model.inputs[0].shape.slice(1);
  if (String(takes) !== String(shape))
    throw new InputError(
      `${name} takes pictures of ${takes.join('x')}, ${data} has ${shape.join('x')}; choose another model`,
    );
  const gives = model.outputs[0].shape[1];
  if (gives !== classes.length)
    throw new InputError(
      `${name} tells ${gives} classes apart, ${data} has ${classes.length}; choose another model`,
    );
  if (train.count === 0 || test.count === 0) throw new InputError(`${data} has no pictures`);
}
