import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackContainer, writeModel } from '@apb/core';
import { toOnnx, toTfjs } from '@apb/interop';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { smallModel } from './smallModel.js';

const apb = join(import.meta.dirname, '../bin/apb.js');
const root = mkdtempSync(join(tmpdir(), 'apb-export-'));
const packed = await writeModel(smallModel());
let folder: string;
let model: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  model = join(folder, 'model.safetensors');
  writeFileSync(model, packed);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [apb, 'export', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

/** Exit code 2, nothing on stdout, one line on stderr that holds every given text. */
function expectBadInput(result: ReturnType<typeof run>, ...texts: RegExp[]) {
  expect(result.stdout).toBe('');
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(result.status).toBe(2);
}

describe('export', () => {
  it('writes an ONNX file beside the model or where it is told', () => {
    const { status, stdout } = run(model, '--format', 'onnx', '--json');
    expect(status).toBe(0);
    const expected = toOnnx(smallModel());
    const file = join(folder, 'model.onnx');
    expect(JSON.parse(stdout)).toEqual({ format: 'onnx', file, bytes: expected.length });
    expect(readFileSync(file).equals(expected)).toBe(true);
    expect(run(model, '--format', 'onnx', '-o', 'new/folder/net.onnx').stdout).toBe(
      `new/folder/net.onnx: ${(expected.length / 1e3).toFixed(1)} kB\n`,
    );
    expect(existsSync(join(folder, 'new/folder/net.onnx'))).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'model.safetensors', 'new']);
  });

  it('writes float weights under a name that is not the model’s', () => {
    const { stdout } = run(folder, '--format', 'safetensors', '--json');
    const { file } = JSON.parse(stdout);
    expect(file).toBe(join(folder, 'model.float.safetensors'));
    const { tensors } = unpackContainer(readFileSync(file));
    expect(tensors.get('hidden/kernel')).toMatchObject({ dtype: 'F32', shape: [32, 196] });
    expect(readFileSync(model).equals(packed)).toBe(true);
  });

  it('writes a folder for TensorFlow.js and replaces an older one as a whole', () => {
    const { stdout } = run(model, '--format', 'tfjs', '--json');
    const { file } = JSON.parse(stdout);
    expect(file).toBe(join(folder, 'model.tfjs', 'model.json'));
    const out = join(folder, 'model.tfjs');
    writeFileSync(join(out, 'group1-shard2of2.bin'), 'of an older export');
    expect(run(model, '--format', 'tfjs').status).toBe(0);
    const files = toTfjs(smallModel());
    expect(readdirSync(out).sort()).toEqual([...files.keys()].sort());
    for (const [name, bytes] of files) expect(readFileSync(join(out, name)).equals(bytes)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['model.safetensors', 'model.tfjs']);
  });
});

describe('bad usage of export', () => {
  it('names the formats', () => {
    expectBadInput(run(model), /--format/);
    expectBadInput(run(model, '--format', 'gguf'), /gguf/, /onnx, tfjs, safetensors/);
  });

  it('names a model that cannot be read', () => {
    expectBadInput(run('absent.safetensors', '--format', 'onnx'), /absent\.safetensors does not exist/);
    writeFileSync(join(folder, 'bad.safetensors'), packed.subarray(0, 100));
    expectBadInput(run('bad.safetensors', '--format', 'tfjs'), /bad\.safetensors/);
    expect(readdirSync(folder).sort()).toEqual(['bad.safetensors', 'model.safetensors']);
  });

  it('replaces neither the model nor anything that is no export', () => {
    const itself = run(model, '--format', 'safetensors', '--out', './model.safetensors');
    expectBadInput(itself, /model\.safetensors is the model itself/);
    mkdirSync(join(folder, 'mine'));
    expectBadInput(run(model, '--format', 'onnx', '--out', 'mine'), /mine is a folder/);
    writeFileSync(join(folder, 'mine', 'notes.txt'), '');
    expectBadInput(run(model, '--format', 'tfjs', '--out', 'mine'), /mine holds notes\.txt/);
    writeFileSync(join(folder, 'file'), '');
    expectBadInput(run(model, '--format', 'tfjs', '--out', 'file'), /file is a file/);
    expectBadInput(
      run(model, '--format', 'onnx', '--out', 'file/net.onnx'),
      /file\/net\.onnx cannot be written/,
    );
    expect(readdirSync(folder).sort()).toEqual(['file', 'mine', 'model.safetensors']);
  });
});
