/**
 * Compresses trained full-precision runs after training and compares with plain binary weights: top-1 and the error of
 * the scores by bits a weight. Plain binary means a scale for every channel, mean |w|, and re-estimated batch norms.
 *
 *     node bench/compress.mjs RUN [RUN ...]     with [--bits 1.2,1.5,2.5] [--calibration 512] [--json]
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryOf, packSigns, readModel, tensor } from '@apb/core';
import { createSession } from '@apb/runtime';
import {
  compressModel,
  relativeOutputError,
  restoreStatistics,
} from '../dist/compress/postTraining/index.js';
import { batches, firstOf, openDataset, subset } from '../dist/data/index.js';

const { values: o, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bits: { type: 'string', default: '1.2,1.5,2.5' },
    calibration: { type: 'string', default: '512' },
    json: { type: 'boolean', default: false },
  },
});

async function run(model, { shape: [count, ...rest], data }) {
  const session = await createSession(model);
  try {
    const size = data.length / count;
    const parts = [];
    let shape;
    for (let at = 0; at < count; at += 64) {
      const n = Math.min(64, count - at);
      const y = await session.run(tensor([n, ...rest], data.subarray(at * size, (at + n) * size)));
      shape = [count, ...y.shape.slice(1)];
      parts.push(y.data);
    }
    const all = new Float32Array(shape.reduce((a, b) => a * b));
    let end = 0;
    for (const part of parts) {
      all.set(part, end);
      end += part.length;
    }
    return tensor(shape, all);
  } finally {
    session.dispose();
  }
}

async function pictures(split, dataset) {
  const parts = [];
  const labels = [];
  for await (const batch of batches(split, dataset, 500)) {
    parts.push(batch.images.slice());
    labels.push(...batch.labels);
  }
  const all = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return { images: tensor([labels.length, ...dataset.shape], all), labels };
}

function top1({ shape: [count, classes], data }, labels) {
  let right = 0;
  for (let i = 0; i < count; i++) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(row.reduce((a, b) => Math.max(a, b))) === labels[i]) right++;
  }
  return right / count;
}

/** Every compressed layer of `apb compress` as signs and a scale for each channel, mean |w| (XNOR-Net, arXiv 1603.05279). */
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

for (const folder of positionals) {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const model = await readModel(await readFile(join(folder, 'model.safetensors')));
  const dataset = await openDataset(config.data);
  const test = await pictures(dataset.test, dataset);
  const n = Number(o.calibration);
  const calibration = await pictures(firstOf(dataset.train, n), dataset);
  const check = await pictures(
    subset(
      dataset.train,
      Uint32Array.from({ length: 1000 }, (_, i) => n + i),
    ),
    dataset,
  );
  const judge = async (name, m, bits) => ({
    model: config.model,
    name,
    bits,
    top1: top1(await run(m, test.images), test.labels),
    outputError: await relativeOutputError(run, model, m, check.images),
  });
  const report = row =>
    console.log(
      o.json
        ? JSON.stringify(row)
        : `${row.model}  ${row.name.padEnd(26)} ${row.bits.toFixed(3).padStart(7)} bits  top-1 ${(100 * row.top1).toFixed(2)} %  error of scores ${row.outputError.toFixed(4)}`,
    );
  report(await judge('full precision', model, 32));
  const data = { pictures: calibration.images, check: check.images, run };
  const binary = await restoreStatistics(model, plainBinary(model), data);
  report(await judge('plain binary', binary, memoryOf(binary).totals.compressed.bitsPerWeight));
  for (const bitsPerWeight of o.bits.split(',').map(Number))
    for (const data of process.env.ONLY
      ? [{ pictures: calibration.images, check: check.images, run }]
      : [undefined, { pictures: calibration.images, check: check.images, run }]) {
      const started = performance.now();
      const result = await compressModel(model, {
        bitsPerWeight,
        data,
        onProgress: p => process.env.V && console.error(p),
      });
      const row = await judge(
        data ? 'apb compress --data' : 'apb compress',
        result.model,
        result.report.totals.compressed.bitsPerWeight,
      );
      report({ ...row, seconds: (performance.now() - started) / 1e3 });
      if (process.env.V)
        console.table(
          result.report.layers.map(l => ({
            name: l.name,
            s: l.fullPrecisionShare,
            e: l.error,
            sens: l.sensitivity,
          })),
        );
      console.error(((performance.now() - started) / 1e3).toFixed(1), 's');
    }
}
