import { defaultCandidates, selectBackend } from '@apb/runtime';
import { Command } from 'commander';
import { integer, withOutput } from '../../options.js';
import { LAYER_PEERS } from '../../peers/layers.js';
import { peerNames } from '../../peers/names.js';
import { note, type OutputOptions, print } from '../../ui/output.js';
import { Progress } from '../../ui/progress.js';
import { LAYER_OPS, type LayerOp } from './layers/layer.js';
import { measureLayers } from './layers/measure.js';
import { layerReport } from './layers/report.js';
import { RESNET18 } from './layers/shape.js';
import { summaryOf } from './layers/summary.js';
import { listOf, share } from './lists.js';
import { cpuName } from './machine.js';
import { readShapes } from './shapes.js';

interface LayerOptions extends OutputOptions {
  readonly shapes?: string;
  readonly ops: readonly LayerOp[];
  readonly shares: readonly number[];
  readonly peers?: string;
  readonly backend?: string;
  readonly isa?: string;
  readonly threads: number;
  readonly milliseconds: number;
  readonly seed: number;
}

export function layersCommand(): Command {
  return withOutput(
    new Command('layers')
      .description("time whole layers on random data: ResNet-18's 3 x 3 convolutions, beside other libraries")
      .option('--shapes <file>', 'lines m,k,n of other 3 x 3 convolutions, k = 9 x channels, n a square')
      .option('--ops <list>', 'weight/activation bits', listOf(LAYER_OPS), [...LAYER_OPS])
      .option(
        '--shares <list>',
        'of weights in full precision',
        text => text.split(',').map(share),
        [0.001, 0.01, 0.05],
      )
      .option('--peers <names>', `also time other libraries: ${Object.keys(LAYER_PEERS).join(', ')}`)
      .option('--backend <name>', 'native or wasm; the best that works by default')
      .option('--isa <name>', 'force an instruction set of the backend')
      .option('--threads <n>', 'of every library', integer(1), 1)
      .option('--milliseconds <n>', 'per layer and peer; more is steadier', integer(1), 80)
      .option('--seed <n>', 'of the random layers', integer(0), 1),
  ).action(benchLayersAction);
}

async function benchLayersAction(options: LayerOptions): Promise<void> {
  const { threads, milliseconds } = options;
  const shapes = options.shapes ? await readShapes(options.shapes) : RESNET18;
  const peers = await Promise.all(
    peerNames(options.peers, LAYER_PEERS).map(name => LAYER_PEERS[name](threads)),
  );
  const { backend } = await selectBackend(defaultCandidates(), options);
  const progress = new Progress(options);
  try {
    const rows = await measureLayers(backend, {
      ...options,
      shapes,
      peers,
      onProgress: (done, total, what) => progress.update('layers', done, total, what),
    });
    progress.stop();
    const result = {
      cpu: cpuName(),
      backend: backend.name,
      isa: backend.capabilities.isa,
      threads: backend.capabilities.threads,
      milliseconds,
      peers: peers.map(({ name, version, callUs }) => ({ name, version, callUs })),
      rows,
      summary: summaryOf(rows),
    };
    note('Minima of many calls. Close other programs: they take caches and the clock.', options);
    print(result, options, () => layerReport(result));
  } finally {
    progress.stop();
    backend.dispose();
  }
}
