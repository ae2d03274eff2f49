import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commands } from '../src/commands/index.js';
import { runApb } from './runApb.js';

const main = JSON.stringify(join(import.meta.dirname, '../dist/main.js'));

/** What a command line prints, and how many modules of TensorFlow.js (CommonJS, so they are listed) it loaded. */
function started(...args: string[]): { help: string; tensorflow: number } {
  const code = `
    import { createRequire } from 'node:module';
    const { main } = await import(${main});
    await main(${JSON.stringify(args)});
    const loaded = Object.keys(createRequire(${main}).cache);
    console.error(loaded.filter(path => path.includes('tensorflow')).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  return { help: stdout, tensorflow: Number(stderr) };
}

it.each(['eval', 'predict', 'inspect', 'export', 'report', 'bench'])(
  'apb %s starts without TensorFlow.js',
  name => {
    const { help, tensorflow } = started(name, '--help');
    expect(help).toContain(`Usage: apb ${name}`);
    expect(tensorflow).toBe(0);
  },
);

it('apb train loads it', () => {
  expect(started('train', '--help').tensorflow).toBeGreaterThan(0);
});

it('the overview names every command, and none is loaded for it', () => {
  const { help, tensorflow } = started('--help');
  for (const { name, summary } of commands)
    expect(help).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 12)}`, 'm'));
  expect(tensorflow).toBe(0);
});

it('a command is found behind -- and help', () => {
  expect(runApb('.', '--', 'inspect', 'missing.safetensors').stderr).toMatch(/^apb: .*missing\.safetensors/);
  expect(started('help', 'bench').help).toContain('kernels');
});
