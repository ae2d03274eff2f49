import { basename, join, resolve } from 'node:path';
import { InputError } from '@apb/core';
import type { Dataset } from '../dataset.js';
import type { PictureSize } from '../picture.js';
import { FolderSplit } from './folderSplit.js';
import { listClasses, listPictures } from './listing.js';
import { Pool } from './pool.js';
import { Unreadable } from './unreadable.js';

/** Of ImageNet's training pictures: what networks for photographs are usually trained with (torchvision). */
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

export interface ImageFolderOptions {
  /** Height and width of the pictures that the network sees; 224 by default. */
  readonly imageSize?: number;
  /** Test pictures as a model describes its input, in place of the rule below. */
  readonly input?: PictureSize;
  /** Whether a picture that cannot be read is an error; else it is left out, and `warnings` tells. */
  readonly strict?: boolean;
}

/**
 * A folder of photographs in ImageNet's layout, `train/CLASS/*.jpg` and `val/CLASS/*.jpg` (or .jpeg, .png), as a data
 * set whose pictures are decoded as they are needed: nothing but their names is kept. Classes are the names of the
 * folders in `train`, sorted; folders in a class folder are not looked into. Training pictures are random parts,
 * resized and mirrored by chance; test pictures have their shorter side resized to 256/224 of the input's and the
 * centre cut out.
 * @throws InputError when the folder has another layout, naming what is missing
 */
export async function openImageFolder(path: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { imageSize = 224, strict = false } = options;
  const size = options.input ?? {
    shape: [imageSize, imageSize, 3],
    resize: { rule: 'crop', size: Math.round((imageSize * 256) / 224) },
  };
  const [height, width, channels] = size.shape;
  if (size.shape.length !== 3 || (channels !== 1 && channels !== 3))
    throw new InputError(
      `pictures from a folder are [height, width, 1 or 3], not [${size.shape}]; choose another data set`,
    );
  const folder = resolve(path);
  const classes = await listClasses(join(folder, 'train'));
  const train = await listPictures(join(folder, 'train'), classes, { someMissing: false });
  const test = await listPictures(join(folder, 'val'), classes, { someMissing: true });
  const [pool, unreadable] = [new Pool(), new Unreadable()];
  return {
    name: basename(folder) || 'imagefolder',
    train: new FolderSplit(train, pool, unreadable, { size, strict }),
    test: new FolderSplit(test, pool, unreadable, { size, strict }),
    shape: [height, width, channels],
    classes,
    mean: MEAN.slice(0, channels),
    std: STD.slice(0, channels),
    resize: size.resize,
    warnings: () => unreadable.takeWarnings(),
    dispose: () => pool.dispose(),
  };
}
