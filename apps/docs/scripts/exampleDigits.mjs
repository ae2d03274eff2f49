// Writes models/mnist-cnn-apb/examples.png, the pictures that the playground offers: of each class the first two of
// MNIST's test pictures, by class, 28 x 28 each, side by side.
//   node apps/docs/scripts/exampleDigits.mjs
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { firstOf, openDataset, pixelBatches } from '@apb/trainer';
import sharp from 'sharp';

const SIDE = 28;
const PER_CLASS = 2;
const classes = Array.from({ length: 10 }, () => []);
const { test } = await openDataset('mnist');
for await (const { pixels, labels, count } of pixelBatches(firstOf(test, 100), 100))
  for (let i = 0; i < count; i++) {
    const found = classes[labels[i]];
    if (found.length < PER_CLASS) found.push(pixels.slice(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
  }
const pictures = classes.flat();
const width = SIDE * pictures.length;
const sheet = new Uint8Array(width * SIDE);
for (const [i, picture] of pictures.entries())
  for (let y = 0; y < SIDE; y++) sheet.set(picture.subarray(y * SIDE, (y + 1) * SIDE), y * width + i * SIDE);
const out = join(import.meta.dirname, '../../../models/mnist-cnn-apb/examples.png');
await sharp(sheet, { raw: { width, height: SIDE, channels: 1 } })
  .png({ compressionLevel: 9, palette: false })
  .toColourspace('b-w')
  .toFile(`${out}.tmp`);
await rename(`${out}.tmp`, out);
console.log(`${pictures.length} pictures`);
