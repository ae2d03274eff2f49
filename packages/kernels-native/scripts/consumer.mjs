// Installs this package the way its users do: packs it and core, installs the two archives with npm into an empty
// project (which compiles the addon), and runs a product there. Needs the registry only; not part of the test run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './toolchain.mjs';

const project = mkdtempSync(join(tmpdir(), 'apb-consumer-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });

try {
  for (const folder of [join(root, '..', 'core'), root])
    run('pnpm', ['pack', '--pack-destination', project], folder);
  const archives = readdirSync(project).filter(file => file.endsWith('.tgz'));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', type: 'module', private: true }),
  );
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--foreground-scripts', ...archives.map(file => `./${file}`)],
    project,
  );
  writeFileSync(
    join(project, 'run.js'),
    `import { packSigns } from '@apb/core';
import { createNativeBackend } from '@apb/kernels-native';
import { benchKernels } from '@apb/kernels-native/bench';
const backend = createNativeBackend();
await backend.init();
const signs = packSigns(Float32Array.of(1, -1, 1, -1), 1, 4);
const weights = backend.prepareWeights(
  { kind: 'apb', signs, scales: Float32Array.of(1), positions: new Uint32Array(0), values: new Float32Array(0) },
  { activationBits: 1 },
);
const out = new Int32Array(1);
backend.gemmInt(backend.importPlanes(signs, { kind: 'sign', bits: 1, scale: 1 }), weights, out);
if (out[0] !== 4) throw new Error('the product is ' + out[0]);
const { ceilingGmacs } = await benchKernels({ shapes: [{ m: 16, k: 64, n: 16 }], milliseconds: 1 });
console.log('installed and running on', backend.capabilities.isa, 'at up to', Math.round(ceilingGmacs), 'GMAC/s');
`,
  );
  run(process.execPath, ['run.js'], project);
} finally {
  rmSync(project, { recursive: true, force: true });
}
