// Peak memory of an image folder: that it does not depend on the number of pictures.
//
//   node bench/imagefolder.mjs loader 400 4000        one epoch of batches, no network, per number of pictures
//   node bench/imagefolder.mjs listing 1280000        names alone, of empty files
//   node bench/imagefolder.mjs train 400 1600         ResNet-18, one epoch (--engine, --batch-size)
//
// Pictures are generated, at most 400 different ones, the others links to them. Each number runs in a process of its
// own, whose peak resident memory is printed.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openImageFolder, trainingBatches, trainRun } from '../dist/index.js';
import { writePictureFolder } from './pictureFolder.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'tensorflow' },
    'batch-size': { type: 'string', default: '32' },
    'image-size': { type: 'string', default: '224' },
    folder: { type: 'string' },
  },
});
const [batchSize, imageSize] = [values['batch-size'], values['image-size']].map(Number);
const [what, ...numbers] = positionals;

const measured = {
  async loader(folder) {
    const dataset = await openImageFolder(folder, { imageSize });
    let pictures = 0;
    const samples = [];
    for await (const { count } of trainingBatches(dataset, {
      batchSize,
      seed: 1,
      epoch: 0,
      augmented: true,
    })) {
      pictures += count;
      samples.push(process.memoryUsage.rss());
    }
    return { pictures, ...course(samples) };
  },
  async listing(folder) {
    const before = process.memoryUsage();
    const { train } = await openImageFolder(folder);
    const after = process.memoryUsage();
    return { pictures: train.count, arrayBuffers: after.arrayBuffers - before.arrayBuffers };
  },
  async train(folder) {
    const out = `${folder}-run`;
    const samples = [];
    const onProgress = ({ phase }) => phase === 'train' && samples.push(process.memoryUsage.rss());
    const settings = {
      model: 'resnet18',
      data: `imagefolder:${folder}`,
      imageSize,
      batchSize,
      epochs: 1,
      out,
    };
    const { top1, imagesPerSecond } = await trainRun({ ...settings, engine: values.engine }, { onProgress });
    await rm(out, { recursive: true, force: true });
    return { top1, imagesPerSecond, ...course(samples) };
  },
};

if (!Object.hasOwn(measured, what))
  throw new Error(`give one of ${Object.keys(measured).join(', ')}, not ${what}`);
if (values.folder) {
  const started = performance.now();
  const result = await measured[what](values.folder);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    JSON.stringify({ ...result, seconds, peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) }),
  );
} else {
  for (const number of numbers.map(Number)) {
    const folder = await mkdtemp(join(tmpdir(), 'apb-imagefolder-'));
    try {
      await (what === 'listing' ? writeNames(folder, number) : writePictures(folder, number));
      const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--folder', folder];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      console.log(`${what}, ${number} pictures: ${stdout.trim()}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Resident memory at ten moments of the epoch. */
function course(samples) {
  const at = i => samples[Math.floor(((i + 1) * samples.length) / 10) - 1] ?? samples[0];
  return { rssMiB: Array.from({ length: 10 }, (_, i) => Math.round(at(i) / 2 ** 20)) };
}

function writePictures(folder, train) {
  return writePictureFolder(folder, { train, val: 40, classes: 10, size: 300, seed: 1, different: 400 });
}

/** Empty files with names as long as ImageNet's, in 1000 folders. */
async function writeNames(folder, train) {
  for (let c = 0; c < 1000; c++) {
    const name = `n${String(c).padStart(8, '0')}`;
    for (const part of ['train', 'val']) await mkdir(join(folder, part, name), { recursive: true });
    await writeFile(join(folder, 'val', name, 'x.JPEG'), '');
    const files = Array.from(
      { length: Math.ceil((train - c) / 1000) },
      (_, i) => `${name}_${10_000 + i}.JPEG`,
    );
    await Promise.all(files.map(file => writeFile(join(folder, 'train', name, file), '')));
  }
}
