import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as core from '@apb/core';
import { describe, expect, it, vi } from 'vitest';
import * as trainer from '../../src/index.js';
import { batches, mobileNet } from './mobileNet.js';

type Example = (...values: unknown[]) => Promise<void>;
const AsyncFunction = (async () => {}).constructor as new (...names: string[]) => Example;

/** The block of the README that holds a text, its imports as a list of names and modules. */
function example(text: string) {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const block = [...readme.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code]) => code)
    .find(code => code.includes(text))!;
  const imports = [...block.matchAll(/^import \{ (.*?) \} from '(.*?)';$/gm)].flatMap(([, names, from]) =>
    names.split(', ').map(name => ({ name, from })),
  );
  return { imports, body: block.replace(/^import .*$/gm, '') };
}

describe('the README', () => {
  it('compresses a model in ten lines', async () => {
    const { imports, body } = example('await compress(');
    const files = new Map<string, Uint8Array>();
    const modules: Record<string, object> = {
      '@apb/core': core,
      // One engine for all that this process does.
      '@apb/trainer': { ...trainer, selectEngine: () => trainer.selectEngine('wasm') },
      'node:fs/promises': { writeFile: async (path: string, bytes: Uint8Array) => files.set(path, bytes) },
    };
    await trainer.selectEngine('wasm');
    const given: Record<string, unknown> = { yourModel: mobileNet(), trainingData: batches(4, 8) };
    for (const { name, from } of imports) given[name] = (modules[from] as Record<string, unknown>)[name];
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
    const [[bits, history]] = log.mock.calls;
    log.mockRestore();
    expect(Math.abs(bits / 1.5 - 1)).toBeLessThan(0.02);
    expect(history).toHaveLength(3);
    const model = await core.readModel(files.get('compressed.safetensors')!);
    expect(model.graph.nodes.filter(n => n.op === 'quantize').length).toBeGreaterThan(3);
  });
});
