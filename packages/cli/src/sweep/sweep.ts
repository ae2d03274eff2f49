import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '@apb/core';
import { readSettings } from '../configFile.js';
import { replaceFile } from '../replace.js';
import { trainInChild } from './child.js';
import { pictures } from './picture.js';
import type { PlannedRun, Settings, SweepPlan } from './plan.js';
import { failureOf, type GroupResult, groupsOf, isFinished, type RunResult, resultOf } from './results.js';

export interface SweepResult {
  readonly dir: string;
  readonly runs: readonly RunResult[];
  readonly groups: readonly GroupResult[];
  readonly failed: readonly string[];
  /** Paths of what was written. */
  readonly files: { readonly results: string; readonly svg?: string; readonly html?: string };
}

export interface SweepCallbacks {
  /** Told before every run, counted from 0, and with what it tells. */
  onRun(index: number, name: string, line?: string): void;
  readonly signal: AbortSignal;
}

/**
 * Trains the runs of a plan one after the other, each in a process of its own. Finished runs are kept, half-done ones
 * resumed; one that fails is noted and the next begins.
 * @throws InputError when a folder holds a run with other settings, or the run to start from fails; the signal's reason
 *   once it is aborted
 */
export async function sweep(plan: SweepPlan, dir: string, callbacks: SweepCallbacks): Promise<SweepResult> {
  for (const run of plan.runs) {
    const init = typeof plan.init === 'object' ? join(dir, 'init') : plan.init;
    await checkBegun(
      dir,
      run.name,
      join(dir, 'runs', run.name),
      { ...run.settings, ...(init && { init }) },
      typeof plan.init === 'object',
    );
  }
  const init = await prepareInit(plan.init, dir, callbacks);
  const runs: RunResult[] = [];
  for (const [i, run] of plan.runs.entries()) {
    callbacks.onRun(i, run.name);
    runs.push(await oneRun(run, init, dir, line => callbacks.onRun(i, run.name, line), callbacks.signal));
    await write(join(dir, 'results.json'), resultsText(runs));
  }
  return finish(runs, dir);
}

async function oneRun(
  run: PlannedRun,
  init: string | undefined,
  dir: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const folder = join(dir, 'runs', run.name);
  const settings = init === undefined ? run.settings : { ...run.settings, init };
  const error = await train(settings, folder, givenFile(dir, run.name), onLine, signal);
  if (error !== undefined) return failureOf(run, error);
  return resultOf(run, folder).catch(e => failureOf(run, (e as Error).message));
}

/** @returns why it failed */
async function train(
  settings: object,
  folder: string,
  configFile: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (await isFinished(folder)) return undefined;
  signal.throwIfAborted();
  const begun = await isBegun(folder);
  if (!begun) await write(configFile, `${JSON.stringify(settings, null, 2)}\n`);
  const args = begun ? ['--resume', '--out', folder] : ['--config', configFile, '--out', folder];
  const { ok, error } = await trainInChild(args, onLine, signal);
  signal.throwIfAborted();
  return ok ? undefined : error;
}

/** The folder of the run that all start from, trained where it is given by settings. */
async function prepareInit(
  init: SweepPlan['init'],
  dir: string,
  { onRun, signal }: SweepCallbacks,
): Promise<string | undefined> {
  if (typeof init !== 'object') return init;
  const folder = join(dir, 'init');
  await checkBegun(dir, 'init', folder, init, false);
  onRun(0, 'init');
  const error = await train(init, folder, givenFile(dir, 'init'), line => onRun(0, 'init', line), signal);
  if (error !== undefined) throw new Error(`the run to start from failed: ${error}`);
  return folder;
}

/** What a run was begun with: the settings as they were given, before defaults. */
function givenFile(dir: string, name: string): string {
  return join(dir, 'configs', `${name}.json`);
}

async function isBegun(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'config.json')).catch(() => undefined))?.isFile() ?? false;
}

/**
 * The folder of a sweep may have been moved, and with it the run that its others start from.
 * @param own whether that run is the sweep's own
 * @throws InputError when a run was begun with other settings
 */
async function checkBegun(
  dir: string,
  name: string,
  folder: string,
  settings: Settings,
  own: boolean,
): Promise<void> {
  if (!(await isBegun(folder))) return;
  const file = givenFile(dir, name);
  const before = (await readSettings(file)) as Settings;
  const now = JSON.parse(JSON.stringify(settings)) as Settings;
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const moved = key === 'init' && own && before.init !== undefined;
    if (moved || isDeepStrictEqual(before[key], now[key])) continue;
    throw new InputError(
      `${folder} holds a run with ${key} ${show(before[key])}, not ${show(now[key])}; give another folder with --out, or remove that run`,
    );
  }
}

function show(value: unknown): string {
  return value === undefined ? 'unset' : JSON.stringify(value);
}

async function finish(runs: readonly RunResult[], dir: string): Promise<SweepResult> {
  const groups = groupsOf(runs);
  const results = join(dir, 'results.json');
  const failed = runs.filter(r => r.status === 'failed').map(r => r.name);
  if (groups.length === 0) return { dir, runs, groups, failed, files: { results } };
  const { svg, html } = await pictures(groups, runs);
  const files = { results, svg: join(dir, 'pareto.svg'), html: join(dir, 'sweep.html') };
  await write(files.svg, svg);
  await write(files.html, html);
  return { dir, runs, groups, failed, files };
}

function resultsText(runs: readonly RunResult[]): string {
  return `${JSON.stringify({ runs, groups: groupsOf(runs) }, null, 2)}\n`;
}

function write(path: string, text: string): Promise<void> {
  return replaceFile(path, new TextEncoder().encode(text));
}
