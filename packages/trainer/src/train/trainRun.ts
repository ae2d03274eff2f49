import { InputError } from '@apb/core';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import { selectEngine } from '../engines/select.js';
import { resolveConfig, resumedConfig, type TrainConfig, type TrainOptions } from './config.js';
import { modelOf } from './modelOf.js';
import { partsOf } from './parts.js';
import type { TrainCallbacks, TrainResult } from './report.js';
import { Run } from './run.js';
import { RunDirectory } from './runDirectory.js';
import { fileTeacher, layersTeacher, type Teacher } from './teacher.js';

/**
 * Trains a network and keeps the run in a directory: config.json, metrics.jsonl, a checkpoint for every finished
 * epoch and at the end model.safetensors. A run that was killed goes on with `resume`, and on a deterministic
 * engine ends with the figures of an undisturbed one.
 * @throws InputError for a wrong setting, missing data, a directory that has a run already, diverged training;
 *   the signal's reason once it is aborted
 */
export async function trainRun(options: TrainOptions, callbacks: TrainCallbacks = {}): Promise<TrainResult> {
  const { out, resume = false, ...given } = options;
  const settings = callbacks.teacher && !resume ? { ...given, distill: given.distill ?? {} } : given;
  if (!out) throw new InputError('no run directory is given; name one with out');
  const directory = new RunDirectory(out);
  const settled = await settle(directory, settings, resume, callbacks.dataset);
  const opened = callbacks.dataset ?? (await openDataset(settled.data, settled));
  try {
    const config = withTask(settled, opened);
    const dataset = partsOf(opened, config);
    const teacher = config.distill && (await teacherFor(config.distill.teacher, callbacks, dataset));
    try {
      const run = new Run(config, dataset, modelOf(config), directory, callbacks, teacher);
      try {
        return await run.finish();
      } finally {
        run.dispose();
      }
    } finally {
      teacher?.dispose();
    }
  } finally {
    if (!callbacks.dataset) await opened.dispose?.();
  }
}

/** Starts the engine, and settles and stores the configuration of a new run. */
async function settle(
  directory: RunDirectory,
  settings: Omit<TrainOptions, 'out' | 'resume'>,
  resume: boolean,
  dataset: Dataset | undefined,
): Promise<TrainConfig> {
  const out = directory.path;
  const stored = await directory.readConfig();
  if (resume) {
    if (!stored) throw new InputError(`${out} holds no run to resume; leave resume out to start one`);
    const config = resumedConfig(stored, settings, out);
    await selectEngine(config.engine);
    return config;
  }
  if (stored || (await directory.readCheckpoint()))
    throw new InputError(`${out} already holds a run; continue it with resume, or choose another folder`);
  const given = dataset ? { ...settings, data: dataset.name } : settings;
  const resolved = resolveConfig(given, dataset === undefined);
  return { ...resolved, engine: (await selectEngine(resolved.engine)).name };
}

/** Records what the network must fit, so that it can be built again without the data. */
function withTask(config: TrainConfig, { shape, classes }: Dataset): TrainConfig {
  return { ...config, inputShape: config.inputShape ?? shape, classes: config.classes ?? classes.length };
}

async function teacherFor(
  file: string | undefined,
  { teacher }: TrainCallbacks,
  dataset: Dataset,
): Promise<Teacher> {
  if (teacher) return layersTeacher(teacher, dataset);
  if (file === undefined)
    throw new InputError('distill has no teacher; give distill.teacher a model file or a run directory');
  return fileTeacher(file, dataset);
}
