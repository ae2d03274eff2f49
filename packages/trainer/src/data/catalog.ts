import { InputError } from '@apb/core';
import { cifar10 } from './cifar10.js';
import { fashionMnist, mnist } from './mnist.js';
import type { DatasetSpec } from './spec.js';

const specs: readonly DatasetSpec[] = [mnist, fashionMnist, cifar10];

/** Names that `fetchDataset` and `loadDataset` know. */
export const datasetNames: readonly string[] = specs.map(spec => spec.name);

/** @throws InputError listing the known names */
export function specOf(name: string): DatasetSpec {
  const spec = specs.find(spec => spec.name === name);
  if (!spec)
    throw new InputError(
      `there is no data set ${JSON.stringify(name)}; known are ${datasetNames.join(', ')}`,
    );
  return spec;
}
