import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { below, randomFor } from '../dist/data/random.js';

/**
 * Writes a folder in ImageNet's layout: JPEGs of noise in whose middle a disk has its class's hue. Class c has the
 * pictures c, c + classes, c + 2 classes, ...
 * @param {string} folder
 * @param {object} options
 * @param {number} options.train pictures
 * @param {number} options.val pictures
 * @param {number} options.classes
 * @param {number} options.size of the pictures, each a little larger or smaller: 3/4 to 5/4 of it on either side
 * @param {number} options.seed
 * @param {number} [options.different] only so many training pictures differ, the others are links to them
 */
export async function writePictureFolder(folder, options) {
  const { train, val, classes, seed, different = train } = options;
  for (const [part, count] of [
    ['train', train],
    ['val', val],
  ])
    for (let i = 0; i < count; i++) {
      const file = at => join(folder, part, `class${at % classes}`, `${String(at).padStart(8, '0')}.jpg`);
      await mkdir(join(file(i), '..'), { recursive: true });
      // A multiple of the classes, so that a link has its original's class.
      const original = i % (Math.ceil(different / classes) * classes);
      if (part === 'train' && original !== i) await link(file(original), file(i));
      else
        await writeFile(
          file(i),
          await picture(i % classes, options, randomFor(seed, i, part === 'train' ? 1 : 2)),
        );
    }
}

/** A JPEG of the class. */
function picture(label, { classes, size }, random) {
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
function hueOf(hue) {
  return [0, 1 / 3, 2 / 3].map(at => {
    const distance = Math.abs(((hue - at + 1.5) % 1) - 0.5);
    return Math.min(1, Math.max(0, 2 - 6 * distance));
  });
}
