import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { uniformQuantizer } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { ModelBuilder, residualNet } from './build.js';
import { nativeIsas } from './nativeSessions.js';

const isas = await nativeIsas();
const entry = new URL('../dist/index.js', import.meta.url).href;

/** A model for another process: typed arrays as tagged lists. */
function portable(b: ModelBuilder): string {
  return JSON.stringify(b.model(), (_, value) =>
    ArrayBuffer.isView(value)
      ? { typed: value.constructor.name, values: Array.from(value as unknown as number[]) }
      : value,
  );
}

const small = (seed: number) => {
  const b = new ModelBuilder([4, 4, 3], seed);
  b.dense(b.plain(b.conv('input', 3, 8), 'flatten'), 4 * 4 * 8, 5);
  return b;
};
const large = () => residualNet(uniformQuantizer(2, 0, 1), 61);

/** Runs a module in a process of its own, where memory and threads are only its own. */
function runModule(b: ModelBuilder, code: string, ...flags: string[]) {
  const source = `
    import { createSession } from ${JSON.stringify(entry)};
    const model = JSON.parse(${JSON.stringify(portable(b))}, (_, value) =>
      value?.typed ? globalThis[value.typed].from(value.values) : value);
    const session = threads => createSession(model, { backend: 'native', threads, env: {} });
    const batch = n => {
      const shape = [n, ...model.graph.inputShape];
      const size = shape.reduce((a, b) => a * b);
      return { shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)) };
    };
    const turn = () => new Promise(setImmediate);
    ${code}`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '-e', source],
    {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

describe.skipIf(isas.length === 0)('a process with native sessions', () => {
  it('keeps its memory flat over 10,000 runs', () => {
    // A run that left its arena or its output behind would show with 30 MB and more.
    const grown = runModule(
      small(62),
      `const s = await session(2);
      async function runs(count) {
        for (let i = 0; i < count; i += 4) {
          await Promise.all([1, 2, 5, 64].map(n => s.run(batch(n))));
          if (i % 400 === 0) { await turn(); gc(); }
        }
      }
      await runs(2000);
      const before = process.memoryUsage().rss;
      await runs(10000);
      console.log(process.memoryUsage().rss - before);`,
      '--expose-gc',
    );
    expect(Number(grown)).toBeLessThan(16e6);
  });

  it('keeps its memory flat over 1,000 sessions, some disposed of while they run', () => {
    // Arenas of a session hold some 2 MB.
    const grown = runModule(
      large(),
      `async function sessions(count) {
        for (let i = 0; i < count; i++) {
          const s = await session(2);
          const input = batch(64);
          const run = s.run(input);
          if (i % 3) await run;
          s.dispose();
          await run.catch(() => {});
          await turn();
          if (i % 10 === 9) gc();
        }
      }
      await sessions(100);
      const before = process.memoryUsage().rss;
      await sessions(1000);
      console.log(process.memoryUsage().rss - before);`,
      '--expose-gc',
    );
    expect(Number(grown)).toBeLessThan(32e6);
  });

  it('has the engine collect sessions that nobody disposed of in time', () => {
    // An arena holds 4.6 MB, all of them together 1.8 GB; nothing but their size makes the engine collect handles.
    const grown = runModule(
      large(),
      `const input = batch(1000);
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 400; i++) {
        await (await session(1)).run(input);
        await turn();
      }
      console.log(process.memoryUsage().rss - before);`,
    );
    expect(Number(grown)).toBeLessThan(500e6);
  });

  it('waits for runs in flight, and for nothing after them', () => {
    expect(
      runModule(
        small(63),
        `const s = await session(2); s.run(batch(500)).then(y => console.log(y.shape[0]));`,
      ),
    ).toBe('500\n');
  });

  it('exits while runs are in flight', () => {
    const out = runModule(
      large(),
      `const s = await session(2);
      for (let i = 0; i < 10; i++) s.run(batch(500));
      setTimeout(() => { console.log('end'); process.exit(); }, 5);`,
    );
    expect(out).toBe('end\n');
  });

  it('outlives worker threads that end with runs in flight', () => {
    const out = runModule(
      large(),
      `import { Worker } from 'node:worker_threads';
      const code = \`
        import { parentPort, workerData } from 'node:worker_threads';
        import { createSession } from ${JSON.stringify(entry)};
        const { model, input } = workerData;
        const s = await createSession(model, { backend: 'native', threads: 3, env: {} });
        parentPort.postMessage('at work');
        for (;;) await Promise.all([1, 2, 3, 4, 5].map(() => s.run(input)));
      \`;
      const url = new URL('data:text/javascript,' + encodeURIComponent(code));
      for (let i = 0; i < 8; i++) {
        const worker = new Worker(url, { workerData: { model, input: batch(1 + 20 * i) } });
        await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
        await new Promise(resolve => setTimeout(resolve, 3 * i));
        await worker.terminate();
      }
      const s = await session(2);
      console.log((await s.run(batch(2))).shape.join(' '));`,
    );
    expect(out).toBe('2 5\n');
  });

  it('keeps its event loop free at threads = cores - 1', () => {
    // Many of the runs take longer than the delay that is allowed.
    const [longest, delay] = runModule(
      large(),
      `import { availableParallelism } from 'node:os';
      import { monitorEventLoopDelay } from 'node:perf_hooks';
      const s = await session(Math.max(1, availableParallelism() - 1));
      const input = batch(8000);
      await s.run(input);
      const histogram = monitorEventLoopDelay({ resolution: 1 });
      histogram.enable();
      let longest = 0;
      const end = performance.now() + 2000;
      while (performance.now() < end) {
        const begin = performance.now();
        await s.run(input);
        longest = Math.max(longest, performance.now() - begin);
      }
      histogram.disable();
      console.log(longest, histogram.percentile(99) / 1e6);`,
    )
      .split(' ')
      .map(Number);
    expect(longest).toBeGreaterThan(30);
    expect(delay).toBeLessThan(30);
  });
});
