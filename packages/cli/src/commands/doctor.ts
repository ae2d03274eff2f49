import { defaultCandidates, probeBackends } from '@apb/runtime';
import { probeEngines } from '@apb/trainer';
import { Command } from 'commander';
import { withOutput } from '../options.js';
import { type OutputOptions, print, table } from '../ui/output.js';

export function doctorCommand(): Command {
  return withOutput(new Command()).action(async (options: OutputOptions) => {
    const [backends, training] = await Promise.all([probeBackends(defaultCandidates()), probeEngines()]);
    print({ backends, training }, options, () =>
      [
        'Kernel backends, best first:',
        table(
          ['name', 'usable', 'instruction sets', ''],
          backends.map(b => [b.name, mark(b.usable), b.isas.join(' '), b.reason]),
        ),
        '',
        'Training engines:',
        table(
          ['name', 'usable', ''],
          training.map(t => [t.name, mark(t.usable), t.reason]),
        ),
      ].join('\n'),
    );
  });
}

function mark(usable: boolean): string {
  return usable ? 'yes' : 'no';
}
