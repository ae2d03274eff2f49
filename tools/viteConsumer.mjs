// Uses the packages the way a page's author does: packs core, runtime and kernels-wasm, installs the archives with npm
// into an empty Vite project, builds it, serves the build on loopback and runs the example of the runtime's README in
// Chromium: in a worker, in the page, and in a worker whose kernels are a .wasm file of their own. Needs the registry and
// a browser; not part of the test run.
//   node tools/viteConsumer.mjs
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complaintsOf, launchChromium } from './browser/chromium.mjs';
import { serve } from './browser/serve.mjs';

const root = join(import.meta.dirname, '..');
const project = mkdtempSync(join(tmpdir(), 'apb-vite-'));
const run = (command, args, cwd = project) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
const manifest = path => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
const viteVersion = /^ {2}vite: (.+)$/m.exec(catalog)[1];

try {
  for (const name of ['core', 'runtime', 'kernels-wasm'])
    run(
      'npx',
      ['--yes', manifest('.').packageManager, 'pack', '--pack-destination', project],
      join(root, 'packages', name),
    );
  const archives = readdirSync(project).filter(file => file.endsWith('.tgz'));
  const write = (file, text) => writeFileSync(join(project, file), text);
  write('package.json', JSON.stringify({ name: 'consumer', type: 'module', private: true }));
  run('npm', [
    'install',
    '--no-audit',
    '--no-fund',
    ...archives.map(file => `./${file}`),
    `vite@${viteVersion}`,
  ]);
  mkdirSync(join(project, 'public'));
  copyFileSync(
    join(root, 'models/mnist-cnn-apb/model.safetensors'),
    join(project, 'public/model.safetensors'),
  );
  write(
    'index.html',
    '<!doctype html><title>consumer</title><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
  );
  write(
    'separate.js',
    `import { serveSession } from '@apb/runtime/serve';
import { createWasmBackend } from '@apb/kernels-wasm';
import simd128 from '@apb/kernels-wasm/simd128.wasm?url';
serveSession({ candidates: [{ name: 'wasm', load: async () => () => createWasmBackend({ wasm: { simd128 } }) }] });
`,
  );
  write('main.js', page(exampleOf(join(root, 'packages/runtime/README.md'))));
  run('npx', ['vite', 'build']);
  await check(join(project, 'dist'));
} finally {
  if (!process.env.KEEP) rmSync(project, { recursive: true, force: true });
  else console.log(project);
}

/** The README's first example for browsers. */
function exampleOf(readme) {
  const example = /```ts\n(import \{ createWorkerSession[\s\S]*?)```/.exec(readFileSync(readme, 'utf8'));
  if (!example) throw new Error(`${readme} has no example that imports createWorkerSession`);
  return example[1];
}

/** The example as it stands, with the pixels that it takes for granted; then the same in the page. */
function page(example) {
  return `import { createSession } from '@apb/runtime';
const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 7919) % 256);
const results = {};
window.results = results;
try {
  const inWorker = async () => {
    ${example.replace(/^import .*$/gm, '').replace(/^session\.dispose\(\);$/m, 'results.explained = session.explain();\n$&\nreturn scores;')}
  };
  results.worker = Array.from((await inWorker()).data);
  const session = await createSession('/model.safetensors');
  results.page = Array.from((await session.run(normalise(pixels, 1, session.input))).data);
  results.backends = session.opsByBackend;
  const worker = () => new Worker(new URL('./separate.js', import.meta.url), { type: 'module' });
  const separate = await createWorkerSession('/model.safetensors', { worker });
  results.separate = Array.from((await separate.run(normalise(pixels, 1, separate.input))).data);
  separate.dispose();
} catch (error) {
  results.error = String(error.stack);
}
results.done = true;
`.replace(/^/, `${[...example.matchAll(/^import .*$/gm)].join('\n')}\n`);
}

async function check(dist) {
  const server = await serve(dist);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(server.url);
    await page
      .waitForFunction(() => globalThis.results?.done, undefined, { timeout: 30_000 })
      .catch(error => {
        throw new Error(`the page does not finish: ${error.message}\n${complaints.join('\n')}`);
      });
    const results = await page.evaluate(() => globalThis.results);
    if (results.error) throw new Error(results.error);
    const expected = await inNode();
    for (const where of ['worker', 'page', 'separate'])
      if (results[where].some((score, i) => Math.abs(score - expected[i]) > 1e-3))
        throw new Error(`in the ${where} the scores are ${results[where]}, in Node ${expected}`);
    if (!server.requests.some(path => path.endsWith('.wasm'))) throw new Error('no .wasm file was loaded');
    if (results.worker.join() !== results.page.join()) throw new Error('worker and page differ');
    console.log('built and running:', results.explained.backend, results.explained.isa, results.backends);

    if (complaints.length) throw new Error(`the page complains: ${complaints.join('; ')}`);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function inNode() {
  const { createSession, normalise } = await import('../packages/runtime/dist/index.js');
  const session = await createSession(join(root, 'models/mnist-cnn-apb/model.safetensors'), {
    backend: 'wasm',
  });
  const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 7919) % 256);
  const { data } = await session.run(normalise(pixels, 1, session.input));
  session.dispose();
  return data;
}
