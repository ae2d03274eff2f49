import { resolve } from 'node:path';
import { InputError } from '@apb/core';
import { resolveConfig, type TrainConfig } from '@apb/trainer';

/** Settings by name, as they were given. */
export type Settings = Readonly<Record<string, unknown>>;

/** One run of a sweep. */
export interface PlannedRun {
  /** Its folder: made of the method and the grid's values, the same whenever the sweep is run. */
  readonly name: string;
  /** All settings but `init` and the folder. */
  readonly settings: Settings;
  /** The same for runs that differ in their seed alone. */
  readonly group: string;
  readonly method: string;
  /** What the grid varies beside the seed. */
  readonly grid: Settings;
}

export interface SweepPlan {
  readonly runs: readonly PlannedRun[];
  /** Folder of the run that all others start from, or the settings to train it by. */
  readonly init?: string | Settings;
}

/** More is a slip of the pen: a sweep of so many runs takes weeks. */
const MOST_RUNS = 10_000;

const KEYS = ['base', 'methods', 'grid', 'init'];

/**
 * Multiplies a sweep out: every method with every combination of the grid's values.
 * @param config `base` holds settings of every run, as in `apb train --config`; `methods` a list of {name, ...settings}
 *   that go together; `grid` a list of values by setting; `init` the folder of a run to start from, or settings to
 *   train one by
 * @throws InputError naming what is unknown or out of range, before anything is trained
 */
export function planSweep(config: unknown, what: string): SweepPlan {
  const { base = {}, methods, grid = {}, init } = object(config, what);
  const unknown = Object.keys(config as object).find(key => !KEYS.includes(key));
  if (unknown !== undefined)
    throw new InputError(`${what}: ${unknown} is unknown; known are ${KEYS.join(', ')}`);
  const common = object(base, `${what}: base`);
  const values = Object.entries(object(grid, `${what}: grid`)).map(
    ([key, list]) => [key, listOf(list, `${what}: grid ${key}`)] as const,
  );
  const named = methodsOf(methods, `${what}: methods`);
  const count = values.reduce((n, [, list]) => n * list.length, named.length);
  if (count > MOST_RUNS)
    throw new InputError(`${what}: these are ${count} runs, over ${MOST_RUNS}; shorten the grid`);
  const runs = named.flatMap(method => combinations(values).map(chosen => planned(common, method, chosen)));
  const start = initOf(init, common, `${what}: init`);
  checkRuns(runs, start, what);
  return { runs, init: start };
}

interface Method {
  readonly name?: string;
  readonly settings: Settings;
}

function methodsOf(list: unknown, what: string): Method[] {
  if (list === undefined || list === null) return [{ settings: {} }];
  return listOf(list, what).map((entry, i) => {
    const { name, ...settings } = object(entry, `${what}, number ${i + 1}`);
    if (typeof name !== 'string' || name === '')
      throw new InputError(`${what}, number ${i + 1} needs a name`);
    return { name, settings };
  });
}

function planned(base: Settings, method: Method, chosen: Settings): PlannedRun {
  const settings = { ...base, ...method.settings, ...chosen };
  const { seed, ...grid } = chosen;
  const own = method.name ?? String(settings.weights ?? 'apb');
  const { weights: _, ...rest } = method.name === undefined ? grid : { ...grid, weights: undefined };
  const varied = Object.entries(rest).filter(([, value]) => value !== undefined);
  const group = [own, ...varied.map(([key, value]) => `${key}-${JSON.stringify(value)}`)].map(slug).join('_');
  return {
    name: seed === undefined ? group : `${group}_seed-${slug(String(seed))}`,
    settings,
    group,
    method: own,
    grid: Object.fromEntries(varied),
  };
}

function initOf(init: unknown, base: Settings, what: string): SweepPlan['init'] {
  if (init === undefined || init === null) return undefined;
  if (typeof init === 'string') return resolve(init);
  return { ...base, weights: 'fp32', activations: 32, ...object(init, what) };
}

function checkRuns(runs: readonly PlannedRun[], init: SweepPlan['init'], what: string): void {
  const names = new Map<string, PlannedRun>();
  for (const run of runs) {
    check(run.settings, `${what}: run ${run.name}`);
    if (names.has(run.name))
      throw new InputError(
        `${what}: two runs would be called ${run.name}; give their methods different names`,
      );
    names.set(run.name, run);
  }
  if (typeof init === 'object') check(init, `${what}: init`);
}

function check(settings: Settings, what: string): void {
  if ('init' in settings)
    throw new InputError(`${what}: init belongs to the sweep, not to base, a method or the grid`);
  try {
    resolveConfig(settings as Partial<TrainConfig>);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${what}: ${error.message}`) : error;
  }
}

/** Every choice of one value a key; the last key varies fastest. */
function combinations(values: readonly (readonly [string, readonly unknown[]])[]): Settings[] {
  return values.reduce<Settings[]>(
    (chosen, [key, list]) => chosen.flatMap(before => list.map(value => ({ ...before, [key]: value }))),
    [{}],
  );
}

function object(value: unknown, what: string): Settings {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError(`${what} must hold settings by name`);
  return value as Settings;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new InputError(`${what} must be a list of at least one value`);
  return value;
}

/** What every file system takes as part of a name. */
function slug(text: string): string {
  return text.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'x';
}
