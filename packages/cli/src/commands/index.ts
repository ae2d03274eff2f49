import type { Command } from 'commander';

/** A command of `apb`: what the help says of it, and the module with the rest, which is loaded when it is called. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'quickstart',
    summary: 'train a full-precision and a compressed network on MNIST and compare them',
    load: async () => (await import('./quickstart.js')).quickstartCommand(),
  },
  {
    name: 'doctor',
    summary: 'show which kernel and training backends work here, and why not',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
  {
    name: 'setup',
    summary: 'obtain optional parts',
    load: async () => (await import('./setup.js')).setupCommand(),
  },
  {
    name: 'data',
    summary: 'data sets by name',
    load: async () => (await import('./data.js')).dataCommand(),
  },
  {
    name: 'train',
    summary: 'train a network; the run directory holds its settings, metrics, checkpoint and model file',
    load: async () => (await import('./train.js')).trainCommand(),
  },
  {
    name: 'sweep',
    summary: 'train a grid of runs, and compare them: table, results.json, top-1 against bytes',
    load: async () => (await import('./sweep.js')).sweepCommand(),
  },
  {
    name: 'compress',
    summary: 'compress a trained network of your own to a bit budget, without training',
    load: async () => (await import('./compress.js')).compressCommand(),
  },
  {
    name: 'eval',
    summary: 'accuracy of a model on test pictures, run from its packed weights',
    load: async () => (await import('./eval.js')).evalCommand(),
  },
  {
    name: 'predict',
    summary: 'the top classes of pictures',
    load: async () => (await import('./predict.js')).predictCommand(),
  },
  {
    name: 'inspect',
    summary: 'what a model file holds: layers, full-precision shares and bits by three accountings',
    load: async () => (await import('./inspect.js')).inspectCommand(),
  },
  {
    name: 'export',
    summary: 'write a model with plain float32 weights for other runtimes',
    load: async () => (await import('./export.js')).exportCommand(),
  },
  {
    name: 'report',
    summary: 'draw training runs and model files into one HTML page that needs no network',
    load: async () => (await import('./report.js')).reportCommand(),
  },
  {
    name: 'bench',
    summary: 'measure speed',
    load: async () => (await import('./bench.js')).benchCommand(),
  },
];
