import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model, normalise } from '@apb/core';
import { createSession } from '@apb/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exportModel,
  fetchDataset,
  loadDataset,
  loadRun,
  type MemoryDataset,
  selectEngine,
  trainRun,
} from '../../src/index.js';
import { runOnnx, runOurs } from './onnx.js';
import {
  bound,
  classesOf,
  compareScores,
  distanceToThreshold,
  runReference,
  sections,
  trainerValues,
} from './parity.js';

/**
 * The trainer and the runtime compute the same network: the trainer in tf ops on latent weights, the runtime from
 * the packed model. Networks are trained here on real pictures, for a few seconds each.
 */
const networks = [
  { name: 'mnist-cnn', data: 'mnist', limit: 3000, batchSize: 50 },
  { name: 'resnet20', data: 'cifar10', limit: 320, batchSize: 32 },
];
/** Pictures whose layers are compared one by one, and that run end to end. */
const INSPECTED = 4;
const PICTURES = 512;
/** Pictures that ONNX Runtime sees as well. */
const ONNX_PICTURES = 1000;

for (const { name, data, limit, batchSize } of networks)
  for (const activations of [32, 2, 1] as const)
    describe(`${name}, ${activations}-bit activations`, () => {
      let folder: string;
      let dataset: MemoryDataset;
      let trained: LayersModel;
      let model: Model;

      beforeAll(async () => {
        await fetchDataset(data);
        dataset = await loadDataset(data);
        folder = await mkdtemp(join(tmpdir(), 'apb-parity-'));
        const out = join(folder, 'run');
        await trainRun({
          model: name,
          data,
          activations,
          weights: 'apb',
          deltaRule: { rule: 'percentile', percent: 99 },
          epochs: 1,
          batchSize,
          limit,
          testLimit: 100,
          engine: 'wasm',
          seed: 5,
          out,
        });
        await selectEngine('wasm');
        trained = (await loadRun(out)).model;
        const { shape, mean, std, classes } = dataset;
        const input = { shape, mean, std, resize: { rule: 'exact' } } as const;
        model = exportModel(trained, { input, classes, provenance: {} });
      }, 300_000);

      afterAll(async () => {
        trained?.dispose();
        if (folder) await rm(folder, { recursive: true, force: true });
      });

      /** The first test pictures, normalised. */
      const pictures = (count: number) => {
        const pixels = dataset.shape.reduce((a, b) => a * b, 1);
        return normalise(dataset.test.images.subarray(0, count * pixels), count, model.input);
      };

      it('has full-precision weights to disagree on', () => {
        const compressed = Object.values(model.weights).filter(w => w.encoding === 'apb');
        expect(compressed.length).toBeGreaterThan(2);
        for (const w of compressed) expect(w.weights.positions.length).toBeGreaterThan(0);
      });

      it('agrees layer by layer within the derived bound, with the same input injected', async () => {
        const found = sections(model);
        expect(found.length).toBeGreaterThan(3);
        const { shape, data: values } = pictures(INSPECTED);
        const x = tf.tensor(values, [...shape]);
        const taps = trainerValues(trained, x, [...new Set(found.flatMap(s => [s.tap, s.norm.name]))]);
        for (const section of found) {
          const injected = taps.get(section.tap)!;
          const ours = await runReference(model, section.from, section.norm.name, injected);
          const theirs = taps.get(section.norm.name)!.dataSync();
          const allowed = bound(model, section, injected);
          let worst = 0;
          ours.forEach((y, i) => {
            worst = Math.max(worst, Math.abs(y - theirs[i]) / allowed[i]);
          });
          expect(worst, `${section.product.name}: share of the bound that is used`).toBeLessThanOrEqual(1);
        }
        for (const t of taps.values()) t.dispose();
      });

      if (activations !== 32)
        it('differs in a code only where the value before it lies within the bound of a threshold', async () => {
          const { shape, data: values } = pictures(INSPECTED);
          const x = tf.tensor(values, [...shape]);
          const quantizers = model.graph.nodes.flatMap(n => (n.op === 'quantize' ? [n] : []));
          expect(quantizers.length).toBeGreaterThan(1);
          const taps = trainerValues(trained, x, [
            ...new Set(quantizers.flatMap(q => [q.name, q.inputs[0]])),
          ]);
          for (const q of quantizers) {
            const before = taps.get(q.inputs[0])!;
            // The very same values in: no code may differ at all.
            expect(await runReference(model, q.inputs[0], q.name, before), q.name).toEqual(
              taps.get(q.name)!.dataSync(),
            );
          }
          for (const section of sections(model)) {
            const q = quantizers.find(({ inputs }) => reaches(model, section.norm.name, inputs[0]));
            if (!q || section.tap === 'input') continue;
            const names = new Set([section.tap, section.norm.name, q.inputs[0], q.name]);
            const own = trainerValues(trained, x, [...names]);
            const injected = own.get(section.tap)!;
            const allowed = bound(model, section, injected);
            const theirs = own.get(q.name)!.dataSync();
            const before = own.get(q.inputs[0])!.dataSync();
            const ours = await runReference(model, section.from, q.name, injected);
            ours.forEach((code, i) => {
              if (code !== theirs[i])
                expect(distanceToThreshold(before[i], q.quantizer), `${q.name} at ${i}`).toBeLessThanOrEqual(
                  allowed[i],
                );
            });
          }
        });

      it(`agrees end to end on ${PICTURES} test pictures, on the best backend`, async () => {
        const batch = pictures(PICTURES);
        const theirs = tf.tidy(() => {
          const x = tf.tensor(batch.data, [...batch.shape]);
          return (trained.predict(x, { batchSize: 64 }) as tf.Tensor).dataSync() as Float32Array;
        });
        const session = await createSession(model);
        const { data: ours } = await session.run(batch);
        const { backend } = session.explain();
        session.dispose();
        const { flips, apart } = compareScores(ours, theirs, PICTURES);
        console.log(
          `${name} 1/${activations} on ${backend}: ${flips} of ${PICTURES} top-1 flips, logits apart by ${apart.toExponential(1)} of the largest`,
        );
        if (activations === 32) {
          expect(apart).toBeLessThanOrEqual(1e-4);
          expect(flips).toBe(0);
        } else expect(flips).toBeLessThanOrEqual(0.01 * PICTURES);
      });

      it(`agrees with ONNX Runtime on the exported model, ${ONNX_PICTURES} test pictures`, async () => {
        const batch = pictures(ONNX_PICTURES);
        const [ours, backend] = await runOurs(model, batch);
        const theirs = await runOnnx(model, batch);
        const { flips, apart, close } = compareScores(ours, theirs, ONNX_PICTURES);
        const predicted = classesOf(theirs, ONNX_PICTURES);
        const right = predicted.filter((c, i) => c === dataset.test.labels[i]).length;
        console.log(
          `${name} 1/${activations}, ${backend} and ONNX Runtime: ${flips} of ${ONNX_PICTURES} top-1 flips, logits apart by ${apart.toExponential(1)} of the largest, ${close} pictures within rounding; ${new Set(predicted).size} classes predicted, ${right} pictures right`,
        );
        // Agreement says little about a network that gives every picture the same class.
        expect(new Set(predicted).size).toBeGreaterThan(2);
        if (activations === 32) {
          expect(apart).toBeLessThanOrEqual(1e-3);
          expect(flips).toBe(0);
        } else {
          expect(flips).toBeLessThanOrEqual(0.01 * ONNX_PICTURES);
          // A code that rounding flips changes the rest of its picture's network; that befalls few pictures.
          expect(close).toBeGreaterThanOrEqual(0.95 * ONNX_PICTURES);
        }
      });
    });

/** Whether `to` is `from` or follows from it through single-input, element-wise nodes (a ReLU). */
function reaches(model: Model, from: string, to: string): boolean {
  if (from === to) return true;
  const node = model.graph.nodes.find(n => n.name === to);
  return node?.op === 'relu' && reaches(model, from, node.inputs[0]);
}
