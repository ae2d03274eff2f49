import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

const packages = join(import.meta.dirname, '../../packages');

/** Built packages by name, the way a browser gets them. The suite without its part for vitest. */
const alias = [
  { find: /^@apb\/runtime$/, replacement: join(packages, 'runtime/dist/browser.js') },
  { find: /^@apb\/backend-tests$/, replacement: join(packages, 'backend-tests/dist/conformance.js') },
  { find: /^@apb\/(core|kernels-wasm)$/, replacement: join(packages, '$1/dist/index.js') },
];

/**
 * A page that runs one script, built by Vite.
 * @param {string} script path of the script
 * @param {Record<string, string>} [folders] where packages lie that the script's own folder does not find
 * @returns {Promise<{folder: string, remove(): Promise<void>}>}
 */
export async function bundlePage(script, folders = {}) {
  const root = await mkdtemp(join(tmpdir(), 'apb-page-'));
  await writeFile(
    join(root, 'index.html'),
    `<!doctype html><title>apb</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`,
  );
  const folder = join(root, 'dist');
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: {
      alias: [...alias, ...Object.entries(folders).map(([find, replacement]) => ({ find, replacement }))],
    },
    build: { outDir: folder, target: 'es2022', chunkSizeWarningLimit: 2000 },
  });
  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}
