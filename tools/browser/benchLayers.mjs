// The rows of `apb bench layers --backend wasm`, measured in headless Chromium: the same layers, checks, clocks and peers,
// bundled for a page. JSON on stdout. Needs a built workspace.
//   node tools/browser/benchLayers.mjs [--peers onnxruntime-web,tfjs-wasm] [--ops 1/1,1/2,2/2] [--shares 0.01]
//     [--isa simd128] [--milliseconds 80] [--seed 1]
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { summaryOf } from '../../packages/cli/dist/bench.js';
import { cpuName } from '../../packages/cli/dist/commands/bench/machine.js';
import { bundlePage } from './bundle.mjs';
import { launchChromium } from './chromium.mjs';
import { serve } from './serve.mjs';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: 'onnxruntime-web,tfjs-wasm' },
    ops: { type: 'string', default: '1/1,1/2,2/2' },
    shares: { type: 'string', default: '0.01' },
    isa: { type: 'string' },
    milliseconds: { type: 'string', default: '80' },
    seed: { type: 'string', default: '1' },
  },
});
const list = text => text.split(',').filter(Boolean);
const request = {
  ...values,
  peers: list(values.peers),
  ops: list(values.ops),
  shares: list(values.shares).map(Number),
  milliseconds: Number(values.milliseconds),
  seed: Number(values.seed),
};

const modules = join(import.meta.dirname, '../../packages/cli/node_modules');
const ort = join(modules, 'onnxruntime-web');
const tfjs = join(modules, '@tensorflow/tfjs-backend-wasm');
const bundle = await bundlePage(join(import.meta.dirname, 'benchLayers.page.ts'), {
  'onnxruntime-web': join(ort, 'dist/ort.wasm.min.mjs'),
  '@tensorflow/tfjs-backend-wasm': tfjs,
  '@tensorflow/tfjs-core': join(modules, '@tensorflow/tfjs-core'),
});
const server = await serve(bundle.folder, { isolated: true });
const browser = await launchChromium();
try {
  await copyBinaries(join(ort, 'dist'), /^ort-wasm-simd-threaded\.(mjs|wasm)$/);
  await copyBinaries(join(tfjs, 'dist'), /^tfjs-backend-wasm.*\.wasm$/);
  const page = await browser.newPage();
  page.on('pageerror', error => console.error(error));
  page.on('console', message => message.type() === 'error' && console.error(message.text()));
  await page.exposeFunction(
    'onProgress',
    what => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${what}`),
  );
  await page.goto(server.url);
  await page.waitForFunction(() => 'benchLayers' in globalThis);
  const result = await page.evaluate(
    request => globalThis.benchLayers(request, globalThis.onProgress),
    request,
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const chromium = browser.version();
  const { milliseconds } = request;
  console.log(
    JSON.stringify(
      { cpu: cpuName(), chromium, milliseconds, ...result, summary: summaryOf(result.rows) },
      null,
      2,
    ),
  );
} finally {
  await browser.close();
  await server.close();
  await bundle.remove();
}

/** What the peers load by address, not through the bundle. */
async function copyBinaries(from, pattern) {
  const to = join(bundle.folder, 'peers');
  await mkdir(to, { recursive: true });
  for (const file of await readdir(from))
    if (pattern.test(file)) await copyFile(join(from, file), join(to, file));
}
