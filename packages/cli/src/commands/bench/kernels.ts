import { InputError } from '@apb/core';
import type { KernelBench, KernelPeer } from '@apb/kernels-native/bench';
import { Command, Option } from 'commander';
import { integer, withOutput } from '../../options.js';
import { peerNames } from '../../peers/names.js';
import { onnxruntimePeer } from '../../peers/onnxruntime.js';
import { note, type OutputOptions, percent, print, table } from '../../ui/output.js';
import { Progress } from '../../ui/progress.js';
import { cpuName } from './machine.js';
import { nativeBench, readShapes } from './shapes.js';
import { wasmBench, wasmReport } from './wasmKernels.js';

interface KernelOptions extends OutputOptions {
  readonly backend: 'native' | 'wasm';
  readonly shapes?: string;
  readonly isa?: string;
  readonly threads?: number;
  readonly milliseconds?: number;
  readonly peers?: string;
}

/** Libraries that `--peers` knows, by name. */
const PEERS: Readonly<Record<string, (threads: number) => Promise<KernelPeer>>> = {
  onnxruntime: onnxruntimePeer,
};

export function kernelsCommand(): Command {
  return withOutput(
    new Command('kernels')
      .description(
        "time kernels against this machine's ceiling; native ones also against the paper's algorithms",
      )
      .addOption(
        new Option('--backend <name>', 'whose kernels').choices(['native', 'wasm']).default('native'),
      )
      .option('--shapes <file>', 'lines m,k,n; by default ResNet-18, squares, small and ragged ones')
      .option('--isa <name>', 'force an instruction set')
      .option('--threads <n>', 'for the products of bit planes; the ceiling is that of one', integer(1))
      .option(
        '--peers <names>',
        `also time other libraries for 1/8 and 1/32: ${Object.keys(PEERS).join(', ')}`,
      )
      .option('--milliseconds <n>', 'per row; more is steadier', integer(1)),
  ).action(options => (options.backend === 'wasm' ? benchWasm(options) : benchNative(options)));
}

async function benchNative(options: KernelOptions): Promise<void> {
  const { benchKernels } = await nativeBench();
  const shapes = options.shapes ? await readShapes(options.shapes) : undefined;
  const { threads = 1 } = options;
  const peers = await Promise.all(peerNames(options.peers, PEERS).map(name => PEERS[name](threads)));
  const progress = new Progress(options);
  try {
    const result = await benchKernels({
      ...(shapes && { shapes }),
      peers,
      ...(options.isa !== undefined && { isa: options.isa }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.milliseconds !== undefined && { milliseconds: options.milliseconds }),
      onProgress: (done, total, what) => progress.update('kernels', done, total, what),
    });
    progress.stop();
    const cpu = cpuName();
    note('Minima of many repetitions. Close other programs: shares assume an idle core.', options);
    print({ ...result, cpu }, options, () => report(result, cpu));
  } finally {
    progress.stop();
  }
}

async function benchWasm(options: KernelOptions): Promise<void> {
  if (options.peers !== undefined || options.threads !== undefined)
    throw new InputError(
      '--peers and --threads go with the native kernels; leave them out with --backend wasm',
    );
  const { benchKernels } = await wasmBench();
  const shapes = options.shapes ? await readShapes(options.shapes) : undefined;
  const progress = new Progress(options);
  try {
    const result = await benchKernels({
      ...(shapes && { shapes }),
      ...(options.isa !== undefined && { isa: options.isa }),
      ...(options.milliseconds !== undefined && { milliseconds: options.milliseconds }),
      onProgress: (done, total, what) => progress.update('kernels', done, total, what),
    });
    progress.stop();
    const cpu = cpuName();
    note('Minima of many repetitions. Close other programs: shares assume an idle core.', options);
    print({ ...result, cpu }, options, () => wasmReport(result, cpu));
  } finally {
    progress.stop();
  }
}

function report(result: KernelBench, cpu: string): string {
  return [
    `${cpu}, ${result.isa}: at most ${result.ceilingGmacs.toFixed(0)} GMAC/s (xor ${result.ceilings.xor.toFixed(0)}, and ${result.ceilings.and.toFixed(0)})`,
    '',
    table(
      [
        ...['op', 'variant', 'm,k,n', 'us', 'GMAC/s', 'of the ceiling', '', 'paper / this'],
        ...(result.peers.length ? ['peer / this'] : []),
        'packing, us',
      ],
      result.rows.map(r => [
        r.op,
        r.variant,
        size(r),
        r.us.toFixed(2),
        r.gmacs.toFixed(1),
        r.shareOfCeiling === null ? '' : percent(r.shareOfCeiling, 1),
        r.shareOfCeiling === null ? '' : bar(r.shareOfCeiling),
        r.vsPaper === null ? '' : `${r.vsPaper.toFixed(2)} x`,
        ...(result.peers.length ? [r.vsPeer === null ? '' : `${r.vsPeer.toFixed(2)} x`] : []),
        r.packUs === null ? '' : r.packUs.toFixed(2),
      ]),
    ),
    '',
    'The 1/1 product with full-precision weights:',
    table(
      ['m,k,n', 'full precision', 'us', 'more time'],
      result.sparse.map(r => [
        size(r),
        percent(r.fullPrecisionShare, 1),
        r.us.toFixed(2),
        percent(r.overhead, 1),
      ]),
    ),
    '',
    '3 x 3 convolutions, per output:',
    table(
      ['op', 'm,k,n', 'variant', 'us', 'rate of the plain one'],
      result.convolutions.map(r => [r.op, size(r), r.variant, r.us.toFixed(2), percent(r.rateOfPlain, 1)]),
    ),
    '',
    ...result.quantize.map(
      q =>
        `Quantizing to ${q.bits} bit${q.bits > 1 ? 's' : ''}: ${q.gigabytesPerSecond.toFixed(1)} GB/s read, ${percent(q.ofMemcpy, 0)} of memcpy`,
    ),
    `A call from JavaScript: ${result.callOverheadUs.toFixed(2)} us`,
  ].join('\n');
}

function size({ m, k, n }: { m: number; k: number; n: number }): string {
  return `${m},${k},${n}`;
}

/** A share of 1 as a bar of 20. */
function bar(share: number): string {
  return '█'.repeat(Math.round(Math.min(1, share) * 20)).padEnd(20, '·');
}
