/**
 * Compresses full-precision runs after training at several budgets, without pictures, with generated ones and with the data
 * set's, beside plain binary weights, and prints the docs' table: top-1 on the test pictures and the error of the scores,
 * norm over norm, on 1,000 training pictures that nothing was calibrated on. Plain binary has a scale for each channel,
 * mean |w| (XNOR-Net, arXiv 1603.05279), and its batch norms re-estimated on the calibration pictures.
 *
 *     node tools/compress-table.mjs RUN [RUN ...] [--bits 1.2,1.5,2.5] [--calibration 512] [--json]
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrationPictures } from '../packages/cli/dist/compress/calibration.js';
import { generatedPictures } from '../packages/cli/dist/compress/generatedPictures.js';
import { modelRunner } from '../packages/cli/dist/compress/runModel.js';
import { evaluate } from '../packages/cli/dist/evaluate.js';
import { memoryOf, packSigns, readModel } from '../packages/core/dist/index.js';
import {
  compressModel,
  relativeOutputError,
  restoreStatistics,
} from '../packages/trainer/dist/compress/postTraining/index.js';
import { openDataset } from '../packages/trainer/dist/data/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bits: { type: 'string', default: '1.2,1.5,2.5' },
    calibration: { type: 'string', default: '512' },
    json: { type: 'boolean', default: false },
  },
});

const run = modelRunner({});
if (!options.json)
  console.log('| net | weights | bits a weight | top-1 | error of scores |\n|---|---|---|---|---|');
for (const folder of positionals) await rowsOf(folder);

async function rowsOf(folder) {
  const { data: name, model: net } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const model = await readModel(await readFile(join(folder, 'model.safetensors')));
  const dataset = await openDataset(name);
  const wanted = { calibration: Number(options.calibration), check: 1000 };
  const { calibration, check } = await calibrationPictures(dataset, model.input, wanted);
  const data = { pictures: calibration.images, check: check.images, run };
  const noise = generatedPictures(model.input, wanted.calibration);
  const row = async (weights, make) => {
    const started = performance.now();
    const made = await make();
    const seconds = (performance.now() - started) / 1e3;
    const { top1 } = await evaluate(made, dataset, {});
    const outputError = await relativeOutputError(run, model, made, check.images);
    const bitsPerWeight = made === model ? 32 : memoryOf(made).totals.compressed.bitsPerWeight;
    print({ net, weights, bitsPerWeight, top1, outputError, seconds });
  };
  await row('full precision', () => model);
  await row('plain binary', () => restoreStatistics(model, plainBinary(model), data));
  for (const bitsPerWeight of options.bits.split(',').map(Number)) {
    const compressed = async given => (await compressModel(model, { bitsPerWeight, data: given })).model;
    await row('`apb compress`', () => compressed());
    await row('`apb compress --data generated`', () => compressed({ ...data, pictures: noise }));
    await row(`\`apb compress --data ${name}\``, () => compressed(data));
  }
}

function print(row) {
  if (options.json) return console.log(JSON.stringify(row));
  const { net, weights, bitsPerWeight, top1, outputError } = row;
  const cells = [net, weights, bitsPerWeight.toFixed(3), `${(100 * top1).toFixed(2)} %`];
  console.log(`| ${[...cells, outputError.toFixed(3)].join(' | ')} |`);
}

/** Signs and scales for every layer but the first and the last. */
function plainBinary(model) {
  const layers = model.graph.nodes.filter(node => node.op === 'conv2d' || node.op === 'dense').slice(1, -1);
  const weights = { ...model.weights };
  for (const { weights: name } of layers) {
    const { shape, values } = weights[name];
    const k = values.length / shape[0];
    const scales = Float32Array.from({ length: shape[0] }, (_, r) =>
      values.subarray(r * k, (r + 1) * k).reduce((sum, w) => sum + Math.abs(w) / k, 0),
    );
    weights[name] = { encoding: 'binary', shape, signs: packSigns(values, shape[0], k), scales };
  }
  return { ...model, weights };
}
