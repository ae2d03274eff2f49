import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { below, type Random, randomFor } from '../../src/data/random.js';

export interface PictureFolderOptions {
  readonly train: number;
  readonly val: number;
  readonly classes: number;
  /** Of the pictures, each a little larger or smaller: 3/4 to 5/4 of it on either side. */
  readonly size: number;
  readonly seed: number;
}

/**
 * Writes a folder in ImageNet's layout: noise in whose middle a disk has its class's hue. Class c has the pictures
 * c, c + classes, c + 2 classes, ...
 */
export async function writePictureFolder(folder: string, options: PictureFolderOptions): Promise<void> {
  for (const [part, count] of [
    ['train', options.train],
    ['val', options.val],
  ] as const)
    for (let i = 0; i < count; i++) {
      const label = i % options.classes;
      const path = join(folder, part, `class${label}`);
      await mkdir(path, { recursive: true });
      const random = randomFor(options.seed, i, part === 'train' ? 1 : 2);
      await writeFile(join(path, `${String(i).padStart(6, '0')}.jpg`), await picture(label, options, random));
    }
}

/** A JPEG of the class. */
async function picture(
  label: number,
  { classes, size }: PictureFolderOptions,
  random: Random,
): Promise<Buffer> {
  const side = () => Math.max(8, Math.round(size * 0.75) + below(Math.ceil(size / 2), random));
  const [width, height] = [side(), side()];
  const hue = hueOf(label / classes);
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x / width - 0.5, y / height - 0.5) < 0.4;
      for (let c = 0; c < 3; c++)
        pixels[(y * width + x) * 3 + c] = below(64, random) + (inside ? 190 * hue[c] : 0);
    }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Red, green, blue in 0..1 of a fully saturated hue, itself 0..1. */
function hueOf(hue: number): number[] {
  return [0, 1 / 3, 2 / 3].map(at => {
    const distance = Math.abs(((hue - at + 1.5) % 1) - 0.5);
    return Math.min(1, Math.max(0, 2 - 6 * distance));
  });
}
