import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createReferenceBackend } from '@apb/core';
import { build } from 'vite';
import { expect, it } from 'vitest';

it('measures layers from a bundle for browsers, without anything of Node', async () => {
  const outDir = await mkdtemp(join(tmpdir(), 'apb-bench-'));
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      build: {
        outDir,
        lib: { entry: join(import.meta.dirname, '../dist/bench.js'), formats: ['es'], fileName: 'bundle' },
      },
    });
    const [bundle] = (await readdir(outDir)).filter(name => name.startsWith('bundle'));
    const file = join(outDir, bundle);
    // What Vite puts in place of a built-in module of Node.
    expect(await readFile(file, 'utf8')).not.toMatch(/__vite-browser-external|from ?["']node:/);
    const { measureLayers } = await import(/* @vite-ignore */ pathToFileURL(file).href);
    const backend = createReferenceBackend();
    await backend.init();
    const rows = await measureLayers(backend, {
      shapes: [{ m: 3, k: 9, n: 4 }],
      ops: ['1/2'],
      shares: [0.1],
      peers: [],
      milliseconds: 1,
      seed: 1,
      onProgress: () => {},
    });
    expect(rows.map(({ mode }: { mode: string }) => mode)).toEqual(['float', 'chain']);
    backend.dispose();
  } finally {
    await rm(outDir, { recursive: true });
  }
});
