// Draws what a network costs by size of batches, and a layer by channels and by resolution, as SVG:
//   node tools/curves.mjs measure FOLDER   runs `apb bench` (some minutes) and writes batch.json, channels.json, resolution.json
//   node tools/curves.mjs draw FOLDER      draws batch.svg, channels.svg, resolution.svg beside those of them that are there
// No plotting library: three charts of lines on logarithmic axes are less than one would add.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './curves/chart.mjs';

const apb = join(import.meta.dirname, '../packages/cli/bin/apb.js');
const LAYERS = ['--ops', '1/1,1/2', '--shares', '0.01', '--peers', 'onnxruntime'];
const MODELS = ['--network', 'resnet20', '--bits', '1,2', '--no-memory', '--peers', 'onnxruntime'];

/** In the order of their colours. */
const LINES = ['1/1', '1/2', 'fp32', 'QLinear'];

/** Every chart: how it is measured, and the points of a row of the result. */
const CHARTS = {
  batch: {
    title: 'ResNet-20, one thread: time of a picture by size of batches',
    x: 'pictures at once',
    y: 'microseconds a picture',
    command: () => ['model', ...MODELS, '--batch', '1,2,4,8,16,32,64'],
    points: ({ batch, op, us, fp32Ms, qlinearMs }) => [
      [op, batch, us / batch],
      ['fp32', batch, (fp32Ms * 1e3) / batch],
      ['QLinear', batch, (qlinearMs * 1e3) / batch],
    ],
  },
  channels: {
    title: '3 x 3 convolution of 14 x 14 pixels, packed in and out, one thread: time by channels',
    x: 'channels in and out',
    y: 'microseconds',
    command: folder =>
      layers(
        folder,
        'channels',
        [16, 32, 64, 128, 256, 512].map(c => [c, 9 * c, 196]),
      ),
    points: row => layerPoints(row, row.m),
  },
  resolution: {
    title: '3 x 3 convolution of 64 channels, packed in and out, one thread: time by resolution',
    x: 'height and width',
    y: 'microseconds',
    command: folder =>
      layers(
        folder,
        'resolution',
        [7, 14, 28, 56, 112].map(side => [64, 576, side * side]),
      ),
    points: row => layerPoints(row, Math.sqrt(row.n)),
  },
};

/** @param shapes lists of m, k, n */
function layers(folder, name, shapes) {
  const file = join(folder, `${name}.txt`);
  writeFileSync(file, `${shapes.join('\n')}\n`);
  return ['layers', ...LAYERS, '--shapes', file];
}

/** The fp32 convolution is known in float mode only, where it is the same. */
function layerPoints({ mode, op, us, fp32Us, qlinearUs }, x) {
  if (mode === 'float') return [['fp32', x, fp32Us]];
  return [
    [op, x, us],
    ['QLinear', x, qlinearUs],
  ];
}

function measure(folder) {
  mkdirSync(folder, { recursive: true });
  for (const [name, { command }] of Object.entries(CHARTS)) {
    const stdio = ['ignore', 'pipe', 'inherit'];
    const json = execFileSync(process.execPath, [apb, 'bench', ...command(folder), '--json'], { stdio });
    writeFileSync(join(folder, `${name}.json`), json);
  }
}

function draw(folder) {
  const found = Object.keys(CHARTS).filter(name => existsSync(join(folder, `${name}.json`)));
  if (!found.length) throw new Error(`${folder} holds none of ${Object.keys(CHARTS).join('.json, ')}.json`);
  for (const name of found) {
    const { title, x, y, points } = CHARTS[name];
    const { cpu, rows } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const svg = chart({ title: `${title} (${cpu})`, x, y, lines: linesOf(rows.flatMap(points)) });
    writeFileSync(join(folder, `${name}.svg`), svg);
  }
}

/** Points by line; of several at one place the fastest. */
function linesOf(points) {
  const lines = new Map();
  for (const [name, x, y] of points) {
    if (!(y > 0)) continue;
    const line = lines.get(name) ?? new Map();
    lines.set(name, line.set(x, Math.min(y, line.get(x) ?? Number.POSITIVE_INFINITY)));
  }
  return LINES.filter(name => lines.has(name)).map(name => ({
    name,
    points: [...lines.get(name)].sort((a, b) => a[0] - b[0]),
  }));
}

const [action, folder] = process.argv.slice(2);
const actions = { measure, draw };
if (!Object.hasOwn(actions, action ?? '') || !folder)
  throw new Error('usage: node tools/curves.mjs measure|draw FOLDER');
actions[action](folder);
