import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const entry = new URL('../dist/index.js', import.meta.url).href;

/** Runs a module in a process of its own, where memory and threads are only its own. */
function runModule(code: string, ...flags: string[]) {
  const core = import.meta.resolve('@apb/core');
  const source = `
    import { createNativeBackend } from ${JSON.stringify(entry)};
    import { packSigns, tensor } from ${JSON.stringify(core)};
    const wave = size => Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7));
    const signs = (rows, k) => packSigns(wave(rows * k), rows, k);
    const apb = (rows, k) => ({ kind: 'apb', signs: signs(rows, k), scales: Float32Array.of(1),
      positions: new Uint32Array(0), values: new Float32Array(0) });
    ${code}`;
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', source], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
}

describe('a process', () => {
  it('keeps its memory flat over 1,000 backends with weights and buffers', () => {
    // A cycle holds 1.1 MB of native memory: what is left behind of a thousand shows far above the 32 MB that an
    // allocator may keep. The engine is in no hurry to collect its handles: it is given its turn and told to.
    const { stdout, stderr, status } = runModule(
      `
      const [input, source] = [tensor([256, 1024]), apb(64, 1024)];
      async function cycle() {
        const backend = createNativeBackend();
        await backend.init({ threads: 2 });
        const x = backend.upload(input);
        const weights = backend.prepareWeights(source, { activationBits: 1 });
        const planes = backend.alloc({ kind: 'planes', shape: [256, 1024], encoding: { kind: 'sign', bits: 1, scale: 1 } });
        backend.run({ op: 'quantize', quantizer: { kind: 'sign', scale: 1 } }, [x], planes);
        backend.gemmInt(planes, weights, new Int32Array(256 * 64));
        x.dispose();
        weights.dispose();
        backend.dispose(); // frees the planes
      }
      async function cycles(count) {
        for (let i = 0; i < count; i++) {
          await cycle();
          await new Promise(setImmediate);
          if (i % 10 === 9) gc();
        }
      }
      await cycles(100);
      const before = process.memoryUsage().rss;
      await cycles(1000);
      console.log(process.memoryUsage().rss - before);`,
      '--expose-gc',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(Number(stdout)).toBeLessThan(32e6);
  }, 120_000);

  it('computes on several worker threads at once, and ends while the pool is busy', () => {
    const { stdout, stderr, status } = runModule(`
      import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
      const worker = \`
        import { parentPort } from 'node:worker_threads';
        import { createNativeBackend } from ${JSON.stringify(entry)};
        const { signs } = (await import('node:worker_threads')).workerData;
        const backend = createNativeBackend();
        await backend.init({ threads: 3 });
        const weights = backend.prepareWeights({ kind: 'apb', signs, scales: Float32Array.of(1),
          positions: new Uint32Array(0), values: new Float32Array(0) }, { activationBits: 1 });
        const x = backend.importPlanes({ ...signs }, { kind: 'sign', bits: 1, scale: 1 });
        const out = new Int32Array(signs.rows * signs.rows);
        let good = true;
        for (let round = 0; round < 50; round++) {
          out.fill(0);
          backend.gemmInt(x, weights, out);
          for (let i = 0; i < signs.rows; i++) good &&= out[i * signs.rows + i] === signs.k;
        }
        parentPort.postMessage(good);
      \`;
      const url = new URL('data:text/javascript,' + encodeURIComponent(worker));
      const data = signs(1000, 1100);
      const results = await Promise.all([1, 2, 3].map(() => new Promise((resolve, reject) => {
        new Worker(url, { workerData: { signs: data } }).on('message', resolve).on('error', reject);
      })));
      console.log(results.join(' '));
      process.exit();`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toBe('true true true\n');
  }, 120_000);

  // When such a worker ends, Node unloads the addon; the threads of the pool must not lose their code.
  it('outlives worker threads that alone loaded the addon and are ended at work', () => {
    const { stdout, stderr, status } = runModule(`
      import { Worker } from 'node:worker_threads';
      const worker = \`
        import { parentPort } from 'node:worker_threads';
        import { createNativeBackend } from ${JSON.stringify(entry)};
        const backend = createNativeBackend();
        await backend.init({ threads: 3 });
        const shape = [400, 1000];
        const x = backend.upload({ shape, data: new Float32Array(400000) });
        const out = backend.alloc({ kind: 'float', shape });
        parentPort.postMessage('at work');
        for (;;) backend.run({ op: 'activate', activation: { kind: 'relu' } }, [x], out);
      \`;
      const url = new URL('data:text/javascript,' + encodeURIComponent(worker));
      const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
      for (let i = 0; i < 10; i++) {
        const one = new Worker(url);
        await new Promise((resolve, reject) => one.on('message', resolve).on('error', reject));
        await pause(5);
        await one.terminate();
        await pause(5);
      }
      console.log('still here');`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toBe('still here\n');
  }, 120_000);
});
