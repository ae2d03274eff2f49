import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkSha256, run } from '../../src/engines/setup/source.js';
import { tfjsNodeIn } from '../../src/engines/tfjsNode.js';
import { probeEngines, selectEngine, setupTensorflow } from '../../src/index.js';

let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'apb-engines-'));
  vi.stubEnv('APB_CACHE', cache);
  // Nothing may be fetched here: no program is found, and the npm registry is a closed port.
  vi.stubEnv('PATH', join(cache, 'no-programs'));
  vi.stubEnv('LIBTENSORFLOW_DIR', '');
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
  vi.stubEnv('npm_config_fetch_retries', '0');
  vi.stubEnv('npm_config_cache', join(cache, 'npm'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

/** A tfjs-node in the cache whose native half is no library. */
async function placeBroken(): Promise<void> {
  const { root, entry } = tfjsNodeIn(join(cache, 'tensorflow'));
  await mkdir(dirname(entry), { recursive: true });
  await writeFile(join(root, 'package.json'), '{}');
  await writeFile(entry, 'not a library');
}

describe('without any source', () => {
  test('setup says what is wrong with each, in one line, and leaves nothing behind', async () => {
    const steps: string[] = [];
    const { usable, source, reason } = await setupTensorflow({ onProgress: step => steps.push(step) });
    expect({ usable, source }).toEqual({ usable: false, source: 'none' });
    expect(reason).toMatch(
      /^LIBTENSORFLOW_DIR is not set; tensorflow-cpu==2\.21\.0 .+; tfjs-node-lambda-releases@1\.6\.1 .+$/,
    );
    expect(steps.every(step => !step.includes('\n'))).toBe(true);
    expect((await readdir(cache)).filter(name => name !== 'npm')).toEqual([]);
  });

  test('LIBTENSORFLOW_DIR without headers is named', async () => {
    await mkdir(join(cache, 'own', 'lib'), { recursive: true });
    vi.stubEnv('LIBTENSORFLOW_DIR', join(cache, 'own'));
    const { reason } = await setupTensorflow();
    expect(reason).toContain(
      `LIBTENSORFLOW_DIR has no include/tensorflow/c/c_api.h in ${join(cache, 'own')}`,
    );
  });
});

describe('an engine in the cache that does not load', () => {
  test('is reported with the loader’s words and the fix, and wasm is taken', async () => {
    await placeBroken();
    const report = (await probeEngines()).find(r => r.name === 'tensorflow');
    expect(report?.usable).toBe(false);
    expect(report?.reason).toMatch(
      /does not load: Error: .*tfjs_binding\.node.*`apb setup tensorflow` obtains it/,
    );
    const { name, reason } = await selectEngine();
    expect(name).toBe('wasm');
    expect(reason).toContain('tensorflow is not usable: ');
    await expect(selectEngine('tensorflow')).rejects.toMatchObject({ name: 'InputError' });
  });

  test('stays until there is a better one', async () => {
    await placeBroken();
    expect((await setupTensorflow()).usable).toBe(false);
    expect(await readdir(cache)).toContain('tensorflow');
  });
});

describe('steps', () => {
  test('a file with other bytes than pinned is refused', async () => {
    const file = join(cache, 'file');
    await writeFile(file, 'abc');
    await checkSha256(file, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    await expect(checkSha256(file, '0'.repeat(64))).rejects.toThrow(`${file} has a wrong checksum`);
  });

  test('a program that fails is named with its error line', async () => {
    await expect(run('no-such-program', [])).rejects.toThrow('no-such-program is not installed');
    const script = 'console.error("note\\nfatal error: no header\\nnote"); process.exit(1)';
    await expect(run(process.execPath, ['-e', script])).rejects.toThrow('fatal error: no header');
  });
});
