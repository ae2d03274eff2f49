// Run in worker threads by pool.ts: decodes pictures into the shared memory of their batch.
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { reasonOf, testPixels, variantPixels } from '../picture.js';
import { pictureRandom } from '../random.js';
import type { Failure, Job, JobDone, JobItem } from './job.js';
import { readPictureFile } from './readFile.js';
import { resizedCrop } from './resizedCrop.js';

// The threads are here already, and no picture is read twice in a row.
sharp.concurrency(1);
sharp.cache(false);

/** The path that Node adds to its errors; whoever tells of the picture names it. */
const OPENING = /, open '.*'$/s;

let earlier = Promise.resolve();
parentPort!.on('message', (job: Job) => {
  earlier = earlier.then(async () => parentPort!.postMessage(await done(job)));
});

async function done(job: Job): Promise<JobDone> {
  const cancelled = new Int32Array(job.cancelled);
  const failures: Failure[] = [];
  for (const item of job.items) {
    if (Atomics.load(cancelled, 0) !== 0) break;
    try {
      const pixels = await pixelsOf(job, item);
      new Uint8Array(job.pixels, item.slot * pixels.length, pixels.length).set(pixels);
    } catch (error) {
      failures.push({ slot: item.slot, reason: reasonOf(error).replace(OPENING, '') });
    }
  }
  return { id: job.id, failures };
}

function pixelsOf({ size, augmentation }: Job, { path, index }: JobItem): Promise<Uint8Array> {
  const bytes = readPictureFile(path);
  if (!augmentation) return testPixels(bytes, size);
  const random = pictureRandom(augmentation, index);
  return variantPixels(bytes, size.shape, found => ({
    region: resizedCrop(found, random),
    mirrored: random() < 2 ** 31,
  }));
}
