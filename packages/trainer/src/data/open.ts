import { specOf } from './catalog.js';
import type { Dataset } from './dataset.js';
import { loadDataset } from './load.js';

/**
 * Opens a data set by its name in the catalogue.
 * @throws InputError for an unknown name, a set that is not there and a damaged file, naming it and the fix
 */
export async function openDataset(name: string, _options: OpenOptions = {}): Promise<Dataset> {
  return loadDataset(name);
}

/** What an image folder can be told. */
export interface OpenOptions {
  readonly imageSize?: number;
  readonly strict?: boolean;
}

/** @throws InputError when `openDataset` does not know such a data set */
export function checkDatasetName(name: string): void {
  specOf(name);
}
