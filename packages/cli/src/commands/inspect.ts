import { memoryOf } from '@apb/core';
import { createSession } from '@apb/runtime';
import { Command } from 'commander';
import { loadModel } from '../modelFile.js';
import { withBackend, withOutput } from '../options.js';
import { bytes, type OutputOptions, percent, print, table } from '../ui/output.js';

interface InspectOptions extends OutputOptions {
  readonly plan?: boolean;
  readonly backend?: string;
  readonly isa?: string;
  readonly threads?: number;
}

export function inspectCommand(): Command {
  return withOutput(
    withBackend(
      new Command()
        .argument('<model>', 'a model file or run directory')
        .option('--plan', 'also show the operations that run it, and where'),
    ),
  ).action(async (path: string, options: InspectOptions) => {
    const { model, fileBytes } = await loadModel(path);
    const memory = memoryOf(model, fileBytes);
    const plan = options.plan ? await explain(model, options) : undefined;
    print({ ...memory, fileBytes, ...(plan && { plan }) }, options, () =>
      [layerTable(memory), '', totalsTable(memory), ...(plan ? ['', planTable(plan)] : [])].join('\n'),
    );
  });
}

type Memory = ReturnType<typeof memoryOf>;
type Plan = Awaited<ReturnType<typeof explain>>;

async function explain(model: Parameters<typeof createSession>[0], options: InspectOptions) {
  const session = await createSession(model, options);
  try {
    return session.explain();
  } finally {
    session.dispose();
  }
}

function layerTable(memory: Memory): string {
  return table(
    [
      'parameter',
      'encoding',
      'shape',
      'weights',
      'full precision',
      'bits/weight',
      'paper',
      'released code',
      'file',
    ],
    memory.layers.map(l => [
      l.name,
      l.encoding,
      l.shape.join('x'),
      l.weights,
      percent(l.fullPrecisionShare),
      l.bitsPerWeight.toFixed(3),
      bytes(Math.ceil(l.bits.paper / 8)),
      bytes(Math.ceil(l.bits.releasedCode / 8)),
      bytes(l.bits.file / 8),
    ]),
  );
}

function totalsTable(memory: Memory): string {
  const { compressed, model } = memory.totals;
  return table(
    ['total', 'weights', 'bits/weight', 'paper', 'released code', 'file'],
    [['compressed layers', compressed] as const, ['whole model', model] as const].map(([name, t]) => [
      name,
      t.weights,
      t.bitsPerWeight.toFixed(3),
      bytes(Math.ceil(t.paper / 8)),
      bytes(Math.ceil(t.releasedCode / 8)),
      bytes(t.file / 8),
    ]),
  );
}

function planTable(plan: Plan): string {
  const steps = table(
    ['nodes', 'op', 'product', 'backend', 'isa', 'output', 'bytes', 'weights', 'multiply-adds'],
    plan.steps.map(s => [
      s.nodes.join(' '),
      s.op,
      s.product ?? '',
      s.backend,
      s.isa,
      s.outputShape.join('x'),
      bytes(s.bytes),
      s.weightBytes === undefined ? '-' : bytes(s.weightBytes),
      s.multiplyAdds || '-',
    ]),
  );
  if (plan.arenaBytes === undefined) return steps;
  return `${steps}\n\nactivations of one picture: ${bytes(plan.arenaBytes)}`;
}
