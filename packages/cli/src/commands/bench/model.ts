import { type ActivationBits, InputError } from '@apb/core';
import { Command } from 'commander';
import { NETWORKS } from '../../networks/index.js';
import { integer, withOutput } from '../../options.js';
import { MODEL_PEERS } from '../../peers/models.js';
import { peerNames } from '../../peers/names.js';
import { note, type OutputOptions, print } from '../../ui/output.js';
import { Progress } from '../../ui/progress.js';
import { listOf, share } from './lists.js';
import { cpuName } from './machine.js';
import { fileCase, type ModelCase, networkCases } from './model/cases.js';
import { type ModelResult, measureModel } from './model/measure.js';
import { modelReport } from './model/report.js';

type Width = ActivationBits | 32;
const WIDTHS: readonly Width[] = [1, 2, 4, 8, 32];

interface ModelOptions extends OutputOptions {
  readonly network?: readonly string[];
  readonly bits?: readonly Width[];
  readonly batch: readonly number[];
  readonly share: number;
  readonly seed: number;
  readonly peers?: string;
  readonly backend?: string;
  readonly isa?: string;
  readonly threads: number;
  readonly milliseconds: number;
  readonly memory: boolean;
  readonly profile?: boolean;
}

export function modelCommand(): Command {
  return withOutput(
    new Command('model')
      .description('time whole networks, with random weights or from a file, beside other libraries')
      .argument('[model]', 'a model file or run directory; networks with random weights by default')
      .option('--network <list>', `of ${NETWORKS.join(', ')}; all by default`, listOf(NETWORKS))
      .option('--bits <list>', `of activations, of ${WIDTHS.join(', ')}; 1,2,32 by default`, listOf(WIDTHS))
      .option('--batch <list>', 'pictures at once', batchList, [1, 8, 64])
      .option('--share <part>', 'of random weights in full precision', share, 0.01)
      .option('--seed <n>', 'of random weights', integer(0), 1)
      .option('--peers <names>', `also time other libraries: ${Object.keys(MODEL_PEERS).join(', ')}`)
      .option('--backend <name>', 'native, wasm or reference; the best that works by default')
      .option('--isa <name>', 'force an instruction set of the backend')
      .option('--threads <n>', 'of every library', integer(1), 1)
      .option('--milliseconds <n>', 'per network, batch and peer; more is steadier', integer(1), 400)
      .option('--no-memory', 'leave out peak memory, which takes processes of their own')
      .option('--profile', 'also show the time of every step'),
  ).action(benchModelAction);
}

async function benchModelAction(path: string | undefined, options: ModelOptions): Promise<void> {
  const cases = casesOf(path, options);
  const names = peerNames(options.peers, MODEL_PEERS);
  const peers = await Promise.all(names.map(name => MODEL_PEERS[name](options.threads)));
  const { batch: batches, threads, profile = false } = options;
  const progress = new Progress(options);
  const results: ModelResult[] = [];
  try {
    for (const [i, item] of cases.entries())
      results.push(
        await measureModel(item, {
          ...options,
          batches,
          peers,
          profile,
          progress: (part, what) => progress.update('networks', i + part, cases.length, what),
        }),
      );
    progress.stop();
    const [{ backend, isa }] = results;
    const rows = results.flatMap(result => result.rows);
    const versions = peers.map(({ name, version }) => ({ name, version }));
    const result = { cpu: cpuName(), backend, isa, threads, peers: versions, rows };
    note('Minima of several calls. Close other programs: they take caches and the clock.', options);
    print(result, options, () => modelReport(result));
  } finally {
    progress.stop();
  }
}

function casesOf(path: string | undefined, options: ModelOptions): ModelCase[] {
  const { network, bits, share, seed } = options;
  if (path === undefined)
    return networkCases({ networks: network ?? NETWORKS, bits: bits ?? [1, 2, 32], share, seed });
  if (network || bits)
    throw new InputError('give a model file or --network and --bits, not both: a file has its own');
  return [fileCase(path)];
}

function batchList(text: string): number[] {
  return text.split(',').map(integer(1));
}
