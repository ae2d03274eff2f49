import { createSession, normalise } from '@apb/runtime';
import { decodePicture } from '@apb/trainer/picture';
import { Command } from 'commander';
import { loadModel } from '../modelFile.js';
import { integer, withBackend, withOutput } from '../options.js';
import { type OutputOptions, percent, print } from '../ui/output.js';

interface Prediction {
  readonly file: string;
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

interface PredictOptions extends OutputOptions {
  readonly top: number;
  readonly backend?: string;
  readonly isa?: string;
  readonly threads?: number;
}

export function predictCommand(): Command {
  return withOutput(
    withBackend(
      new Command()
        .argument('<model>', 'a model file or run directory')
        .argument('<image...>', 'PNG, JPEG or WebP files')
        .option('--top <n>', 'how many classes to show', integer(1), 3),
    ),
  ).action(async (path: string, files: string[], options: PredictOptions) => {
    const { model } = await loadModel(path);
    // All pictures are checked before the first answer is printed; one at a time, so that only one is large in memory.
    const pictures: Uint8Array[] = [];
    for (const file of files) pictures.push(await decodePicture(file, model.input));
    const session = await createSession(model, options);
    try {
      const predictions: Prediction[] = [];
      for (const [i, pixels] of pictures.entries()) {
        const scores = await session.run(normalise(pixels, 1, model.input));
        predictions.push({ file: files[i], classes: topClasses(scores.data, model.classes, options.top) });
      }
      print({ predictions }, options, () =>
        predictions
          .map(p => `${p.file}: ${p.classes.map(c => `${c.name} ${percent(c.probability, 1)}`).join(', ')}`)
          .join('\n'),
      );
    } finally {
      session.dispose();
    }
  });
}

/** The best classes with their softmax probabilities. */
function topClasses(scores: Float32Array, names: readonly string[], top: number): Prediction['classes'] {
  const largest = Math.max(...scores);
  const weights = Array.from(scores, s => Math.exp(s - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights
    .map((w, i) => ({ name: names[i] ?? String(i), probability: w / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}
