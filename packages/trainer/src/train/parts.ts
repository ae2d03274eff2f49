import type { Dataset, Split } from '../data/dataset.js';
import { firstOf, holdOut } from '../data/subset.js';
import type { TrainConfig } from './config.js';

/** A data set as a run uses it. */
export interface RunData extends Dataset {
  /** Training pictures that are held out to choose settings on. */
  readonly validation?: Split;
}

/**
 * Holds pictures out, then limits the rest.
 * @throws InputError when nothing would be left
 */
export function partsOf(dataset: Dataset, config: TrainConfig): RunData {
  const { validation, validationSeed, limit, testLimit } = config;
  const { kept, held } =
    validation === undefined
      ? { kept: dataset.train, held: undefined }
      : holdOut(dataset.train, validation, validationSeed);
  return {
    ...dataset,
    train: firstOf(kept, limit),
    test: firstOf(dataset.test, testLimit),
    ...(held && { validation: held }),
  };
}

/** Whether a run that another one starts from has trained on pictures that the other holds out. */
export function hasSeenHeldOut(config: TrainConfig, before: TrainConfig): boolean {
  const { data, validation, validationSeed } = config;
  if (validation === undefined || before.data !== data) return false;
  return before.validation !== validation || before.validationSeed !== validationSeed;
}
