import { InputError, type Model } from '@apb/core';
import type { NetworkOptions } from './builder.js';
import { resnet18 } from './resnet18.js';
import { resnet20 } from './resnet20.js';
import { vggSmall } from './vggSmall.js';

const BUILDERS: Readonly<Record<string, (options: NetworkOptions) => Model>> = {
  resnet20,
  'vgg-small': vggSmall,
  resnet18,
};

/** Names that `buildNetwork` knows. */
export const NETWORKS: readonly string[] = Object.keys(BUILDERS);

/**
 * A network with random weights: the same seed gives the same ones.
 * @throws InputError for an unknown name, listing the known ones
 */
export function buildNetwork(name: string, options: NetworkOptions): Model {
  if (!Object.hasOwn(BUILDERS, name))
    throw new InputError(`network ${name} is unknown; choose from ${NETWORKS.join(', ')}`);
  return BUILDERS[name](options);
}
