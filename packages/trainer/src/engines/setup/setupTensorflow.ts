import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { prepareFolder } from '../../data/cache.js';
import { messageOf } from '../engine.js';
import { findTfjsNodes, tensorflowFolder, tfjsNodeIn, whyUnloadable } from '../tfjsNode.js';
import { officialWheel } from './officialWheel.js';
import { ownLibrary } from './ownLibrary.js';
import { prebuiltAddon } from './prebuiltAddon.js';
import type { Source } from './source.js';
import { installTfjsNode } from './tfjsNodePackages.js';

export interface SetupOptions {
  /** Told each step, a line of text. */
  onProgress?: (step: string) => void;
}

export interface SetupResult {
  readonly engine: 'tensorflow';
  readonly usable: boolean;
  /** Where the library came from: 'installed' or 'cache' when one was there before; 'none' when all failed. */
  readonly source: string;
  /** Why not, when it is not usable: every source with what is wrong with it, in one line. */
  readonly reason?: string;
}

const sources: readonly Source[] = [ownLibrary, officialWheel, prebuiltAddon];

/**
 * Obtains the fast training engine, from the first source that gives one that loads: a tfjs-node that does so
 * already, the user's own libtensorflow (LIBTENSORFLOW_DIR), TensorFlow's official wheel, a prebuilt addon from npm.
 * Everything fetched has a pinned checksum. It is made in a folder beside its place in the user's cache, tried, and
 * renamed; a failure leaves nothing behind.
 */
export async function setupTensorflow({ onProgress = () => {} }: SetupOptions = {}): Promise<SetupResult> {
  for (const node of findTfjsNodes()) {
    if ((await whyUnloadable(node)) === undefined)
      return { engine: 'tensorflow', usable: true, source: node.origin };
  }
  const failures: string[] = [];
  for (const source of sources) {
    const failure = await trySource(source, onProgress);
    if (failure === undefined) return { engine: 'tensorflow', usable: true, source: source.name };
    failures.push(`${source.name} ${failure}`);
    onProgress(`${source.name} ${failure}`);
  }
  return { engine: 'tensorflow', usable: false, source: 'none', reason: failures.join('; ') };
}

/** @returns undefined when the engine is in its place, otherwise what is wrong with this source */
async function trySource(source: Source, onProgress: (step: string) => void): Promise<string | undefined> {
  const unavailable = await source.unavailable();
  if (unavailable !== undefined) return unavailable;
  const place = tensorflowFolder();
  await prepareFolder(dirname(place));
  const work = `${place}.tmp-${process.pid}-${randomUUID()}`;
  const [folder, scratch] = [join(work, 'engine'), join(work, 'scratch')];
  try {
    await mkdir(scratch, { recursive: true });
    await installTfjsNode(folder, { onProgress });
    const node = tfjsNodeIn(folder);
    await source.obtain({ root: node.root, scratch, onProgress });
    onProgress('trying it');
    const failure = await whyUnloadable(node);
    if (failure !== undefined) return `does not load: ${failure}`;
    await takePlace(folder, place, work);
    return undefined;
  } catch (error) {
    return `failed: ${messageOf(error)}`;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Renames `folder` to `place`; what is there did not load and goes with the work folder. */
async function takePlace(folder: string, place: string, work: string): Promise<void> {
  await rename(place, join(work, 'unusable')).catch(() => {});
  await rename(folder, place);
}
