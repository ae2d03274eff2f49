import { InputError } from '@apb/core';
import { registerOps } from '../ops/register.js';
import { loadCpu } from './cpu.js';
import {
  type EngineName,
  type EngineReport,
  engineNames,
  isEngineName,
  messageOf,
  type SelectedEngine,
} from './engine.js';
import { loadTensorflow, probeTensorflow } from './tensorflow.js';
import { loadWasm, probeWasm } from './wasm.js';

/**
 * How each engine is started in this process, and how one looks without side effects whether it could be.
 * Both return what runs (or would), and throw when it cannot.
 */
const engines: Record<EngineName, { load(): Promise<string>; probe(): Promise<string> }> = {
  tensorflow: { load: loadTensorflow, probe: probeTensorflow },
  wasm: { load: loadWasm, probe: probeWasm },
  cpu: { load: loadCpu, probe: async () => 'plain JavaScript, for tiny tests only' },
};

/**
 * Makes an engine the backend of TensorFlow.js in this process and gives it the kernels it lacks or has wrong.
 * Without a name: tensorflow when it is usable, else wasm.
 * @throws InputError when the name is unknown or that engine cannot run here
 */
export async function selectEngine(name?: string): Promise<SelectedEngine> {
  if (name !== undefined && !isEngineName(name)) {
    throw new InputError(`unknown engine '${name}': use one of ${engineNames.join(', ')}`);
  }
  const selected = name === undefined ? await loadBest() : { name, reason: await load(name) };
  registerOps(selected.name);
  return selected;
}

/** Which engines can run here, and why or why not. Nothing is started. */
export async function probeEngines(): Promise<EngineReport[]> {
  return Promise.all(engineNames.map(report));
}

async function report(name: EngineName): Promise<EngineReport> {
  try {
    return { name, usable: true, reason: await engines[name].probe() };
  } catch (error) {
    return { name, usable: false, reason: messageOf(error) };
  }
}

async function loadBest(): Promise<SelectedEngine> {
  try {
    return { name: 'tensorflow', reason: await engines.tensorflow.load() };
  } catch (error) {
    return { name: 'wasm', reason: `${await load('wasm')}; tensorflow is not usable: ${messageOf(error)}` };
  }
}

async function load(name: EngineName): Promise<string> {
  try {
    return await engines[name].load();
  } catch (error) {
    throw new InputError(`the ${name} engine is not usable here: ${messageOf(error)}`);
  }
}
