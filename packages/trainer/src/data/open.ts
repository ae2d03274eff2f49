import { InputError } from '@apb/core';
import { datasetNames } from './catalog.js';
import type { Dataset } from './dataset.js';
import { type ImageFolderOptions, openImageFolder } from './imagefolder/imageFolder.js';
import { loadDataset } from './load.js';

/** What stands before the path of a folder of pictures. */
const FOLDER = 'imagefolder:';

/**
 * Opens a data set: one of the catalogue by its name, or `imagefolder:` and the path of a folder in ImageNet's
 * layout, to which the options belong.
 * @throws InputError for an unknown name, a set that is not there and a damaged file, naming it and the fix
 */
export async function openDataset(name: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  checkDatasetName(name);
  if (isImageFolder(name)) return openImageFolder(name.slice(FOLDER.length), options);
  if (options.imageSize !== undefined)
    throw new InputError(`the pictures of ${name} have one size; leave imageSize out`);
  return loadDataset(name);
}

/** Whether a name stands for a folder of pictures. */
function isImageFolder(name: string): boolean {
  return name.startsWith(FOLDER) && name.length > FOLDER.length;
}

/** @throws InputError when `openDataset` does not know such a data set */
export function checkDatasetName(name: string): void {
  if (!datasetNames.includes(name) && !isImageFolder(name))
    throw new InputError(
      `there is no data set ${JSON.stringify(name)}; known are ${datasetNames.join(', ')} and ${FOLDER}PATH`,
    );
}
