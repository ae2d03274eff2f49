import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { InputError, type Model, type ModelMemory, memoryOf } from '@apb/core';
import type { EpochMetrics } from '@apb/trainer';
import { loadModel } from '../modelFile.js';
import { type LayerHistogram, latentHistograms, storedHistograms } from './layerHistograms.js';

/** Everything that is known of a run or a model file. */
export interface Source {
  /** Told apart from the others of the report. */
  readonly name: string;
  readonly path: string;
  readonly kind: 'run' | 'model';
  /** The settings of a run. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Of a run's finished epochs. */
  readonly epochs: readonly EpochMetrics[];
  /** Absent for a run that is not finished. */
  readonly model?: Model;
  readonly memory?: ModelMemory;
  readonly fileBytes?: number;
  readonly histograms: readonly LayerHistogram[];
}

/**
 * Reads runs and model files.
 * @throws InputError naming what is missing or damaged
 */
export async function readSources(
  paths: readonly string[],
  onStep: (done: number) => void,
): Promise<Source[]> {
  const names = shortNames(paths);
  const sources: Source[] = [];
  for (const [i, path] of paths.entries()) {
    onStep(i);
    sources.push((await isRun(path)) ? await readRun(path, names[i]) : await readModelFile(path, names[i]));
  }
  return sources;
}

async function isRun(path: string): Promise<boolean> {
  return (await stat(join(path, 'config.json')).catch(() => undefined))?.isFile() ?? false;
}

async function readModelFile(path: string, name: string): Promise<Source> {
  const { model, fileBytes } = await loadModel(path);
  const memory = memoryOf(model, fileBytes);
  return {
    name,
    path,
    kind: 'model',
    epochs: [],
    model,
    memory,
    fileBytes,
    histograms: storedHistograms(model, memory),
  };
}

async function readRun(path: string, name: string): Promise<Source> {
  const config = parsed(join(path, 'config.json'), await readFile(join(path, 'config.json'), 'utf8'));
  const epochs = await readMetrics(join(path, 'metrics.jsonl'));
  const finished = (await stat(join(path, 'model.safetensors')).catch(() => undefined))?.isFile();
  const stored = finished ? await readModelFile(path, name) : undefined;
  const latent = (await stat(join(path, 'checkpoint.safetensors')).catch(() => undefined))
    ? await latentHistograms(path)
    : [];
  // In the order of the file: latent weights of compressed layers, float weights as they are stored.
  const own = new Map(latent.map(h => [h.layer, h]));
  const histograms = stored ? stored.histograms.map(h => own.get(h.layer) ?? h) : latent;
  return { ...stored, name, path, kind: 'run', config, epochs, histograms };
}

/** @throws InputError for a line that is none of metrics.jsonl */
async function readMetrics(file: string): Promise<EpochMetrics[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new InputError(`${file} cannot be read; give the folder of a training run`);
  });
  const lines = text.split('\n').filter(line => line.trim() !== '');
  return lines.map((line, i) => {
    const epoch = parsed(`${file}, line ${i + 1}`, line) as unknown as EpochMetrics;
    for (const key of ['epoch', 'trainLoss', 'bitsPerWeight', 'fullPrecisionShare'] as const)
      if (!Number.isFinite(epoch[key]))
        throw new InputError(
          `${file}, line ${i + 1} is damaged: ${key} is no number; resume the run to write it anew`,
        );
    return { ...epoch, layers: listOf(epoch.layers, 'layer'), inputs: listOf(epoch.inputs, 'layer') };
  });
}

/** Entries that have a name; files of other versions may lack the list. */
function listOf<T>(list: readonly T[] | undefined, key: keyof T): readonly T[] {
  return Array.isArray(list) ? list.filter(entry => typeof entry?.[key] === 'string') : [];
}

function parsed(what: string, text: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${what} is damaged: ${(error as Error).message}`);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new InputError(`${what} is damaged: it holds no object`);
  return found as Record<string, unknown>;
}

/** The last part of each path, with as many parts before it as tell them apart; the folder of a run's model file. */
function shortNames(paths: readonly string[]): string[] {
  const parts = paths.map(path => resolve(path).split(/[\\/]/));
  const longest = Math.max(...parts.map(p => p.length));
  for (let depth = 1; depth <= longest; depth++) {
    const names = parts.map(p => p.slice(p.at(-1) === 'model.safetensors' ? -depth - 1 : -depth).join('/'));
    if (new Set(names).size === paths.length) return names;
  }
  return paths.map((path, i) => `${basename(path)} (${i + 1})`);
}
