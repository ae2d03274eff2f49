import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import relaxed from '../dist/wasm/relaxed-simd.js';
import scalar from '../dist/wasm/scalar.js';
import simd128 from '../dist/wasm/simd128.js';

const dist = join(import.meta.dirname, '..', 'dist');
const builds = { 'relaxed-simd': relaxed, simd128, scalar } as Record<string, string>;
const isas = Object.keys(builds);
const bytesOf = (isa: string) => Buffer.from(builds[isa], 'base64');
/** What users download at most, compressed: everything in JavaScript, binaries inlined. */
const MOST_BYTES = 80_000;

async function scripts(): Promise<string[]> {
  return (await readdir(dist, { recursive: true })).filter(name => name.endsWith('.js'));
}

describe('the binaries', () => {
  it('take with all JavaScript of the package at most 80 kB, compressed', async () => {
    const files = await scripts();
    for (const isa of isas) expect(files).toContain(join('wasm', `${isa}.js`));
    const sizes = await Promise.all(
      files.map(async file => gzipSync(await readFile(join(dist, file))).length),
    );
    const total = sizes.reduce((a, b) => a + b);
    console.log(`${total} bytes`);
    expect(total).toBeLessThanOrEqual(MOST_BYTES);
  });

  it.each(isas)('%s imports nothing but its memory', isa => {
    const module = new WebAssembly.Module(bytesOf(isa));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  it.each(isas)('%s is the same as a file and inlined', async isa => {
    const { resolve } = createRequire(import.meta.url);
    expect(await readFile(resolve(`@apb/kernels-wasm/${isa}.wasm`))).toEqual(bytesOf(isa));
  });

  it('export the same kernels', () => {
    const [a, ...others] = isas.map(isa =>
      WebAssembly.Module.exports(new WebAssembly.Module(bytesOf(isa)))
        .map(({ name }) => name)
        .sort(),
    );
    for (const other of others) expect(other).toEqual(a);
  });
});

describe('the package', () => {
  it('uses no built-in module of Node', async () => {
    const files = await scripts();
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

  it('gives a bundler the address of a binary', async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'apb-bundle-'));
    try {
      // As in a project that installed the package.
      await mkdir(join(outDir, 'node_modules', '@apb'), { recursive: true });
      await symlink(join(dist, '..'), join(outDir, 'node_modules', '@apb', 'kernels-wasm'));
      const entry = join(outDir, 'entry.js');
      await writeFile(
        entry,
        "export { createWasmBackend } from '@apb/kernels-wasm';\n" +
          "export { default as url } from '@apb/kernels-wasm/scalar.wasm?url';\n",
      );
      await build({
        configFile: false,
        root: outDir,
        logLevel: 'error',
        // In a library Vite puts the file into its address.
        build: {
          outDir,
          emptyOutDir: false,
          lib: { entry, formats: ['es'], fileName: 'bundle' },
        },
      });
      const [bundle] = (await readdir(outDir)).filter(name => name.startsWith('bundle'));
      const { createWasmBackend, url } = await import(
        /* @vite-ignore */ pathToFileURL(join(outDir, bundle)).href
      );
      expect(url).toMatch(/^data:application\/wasm/);
      const backend = createWasmBackend({ wasm: { scalar: url } });
      await backend.init();
      expect(backend.capabilities.isa).toBe('scalar');
      backend.dispose();
    } finally {
      await rm(outDir, { recursive: true });
    }
  });
});
