import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import scalar from '../dist/wasm/scalar.js';
import simd128 from '../dist/wasm/simd128.js';

const dist = join(import.meta.dirname, '..', 'dist');
const builds = { simd128, scalar } as Record<string, string>;
const bytesOf = (isa: string) => Buffer.from(builds[isa], 'base64');

describe('the binaries', () => {
  it('take at most 80 kB together, compressed', () => {
    const sizes = Object.values(builds).map(base64 => gzipSync(base64).length);
    expect(sizes[0] + sizes[1]).toBeLessThanOrEqual(80_000);
  });

  it.each(['simd128', 'scalar'])('%s imports nothing but its memory', isa => {
    const module = new WebAssembly.Module(bytesOf(isa));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  it('export the same kernels', () => {
    const [a, b] = ['simd128', 'scalar'].map(isa =>
      WebAssembly.Module.exports(new WebAssembly.Module(bytesOf(isa))).map(({ name }) => name),
    );
    expect(a).toEqual(b);
  });
});

describe('the package', () => {
  it('uses no built-in module of Node', async () => {
    const files = (await readdir(dist, { recursive: true })).filter(name => name.endsWith('.js'));
    expect(files).toContain('index.js');
    for (const file of files) {
      const imports = [
        ...(await readFile(join(dist, file), 'utf8')).matchAll(/(?:from|import\()\s*'([^']+)'/g),
      ];
      for (const [, specifier] of imports) expect(specifier).toMatch(/^(\.\.?\/|@apb\/core$)/);
    }
  });

  it('runs from a bundle for browsers', async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'apb-bundle-'));
    try {
      await build({
        configFile: false,
        logLevel: 'error',
        build: { outDir, lib: { entry: join(dist, 'index.js'), formats: ['es'], fileName: 'bundle' } },
      });
      const [bundle] = (await readdir(outDir)).filter(name => name.startsWith('bundle'));
      const { createWasmBackend } = await import(/* @vite-ignore */ pathToFileURL(join(outDir, bundle)).href);
      const backend = createWasmBackend();
      await backend.init();
      const x = backend.upload({ shape: [2], data: Float32Array.of(-1, 2) });
      const out = backend.alloc({ kind: 'float', shape: [2] });
      backend.run({ op: 'activate', activation: { kind: 'relu' } }, [x], out);
      expect([...backend.download(out).data]).toEqual([0, 2]);
      backend.dispose();
    } finally {
      await rm(outDir, { recursive: true });
    }
  });
});
