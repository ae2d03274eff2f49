import { dirname, join, parse } from 'node:path';
import { InputError, type Model } from '@apb/core';
import { toFloatSafetensors, toOnnx, toTfjs } from '@apb/interop';
import { Command, Option } from 'commander';
import { loadModel } from '../modelFile.js';
import { withOutput } from '../options.js';
import { replaceFile, replaceFolder, samePlace } from '../replace.js';
import { bytes, type OutputOptions, print } from '../ui/output.js';

interface Format {
  /** What the default name ends in. */
  readonly ending: string;
  /** Writes to `out`. */
  readonly write: (model: Model, out: string) => Promise<Written>;
}

interface Written {
  /** What the other runtime is to load. */
  readonly file: string;
  readonly bytes: number;
}

const FORMATS: Readonly<Record<string, Format>> = {
  onnx: { ending: '.onnx', write: (model, out) => writeOne(toOnnx(model), out) },
  tfjs: { ending: '.tfjs', write: writeTfjs },
  safetensors: {
    ending: '.float.safetensors',
    write: (model, out) => writeOne(toFloatSafetensors(model), out),
  },
};

interface ExportOptions extends OutputOptions {
  readonly format: string;
  readonly out?: string;
}

export function exportCommand(): Command {
  return withOutput(
    new Command()
      .argument('<model>', 'a model file or run directory')
      .addOption(
        new Option('--format <name>', 'what to write').choices(Object.keys(FORMATS)).makeOptionMandatory(),
      )
      .option('-o, --out <path>', 'a file, for tfjs a folder; beside the model by default'),
  ).action(async (path: string, options: ExportOptions) => {
    const { model, file } = await loadModel(path);
    const { ending, write } = FORMATS[options.format];
    const out = options.out ?? join(dirname(file), parse(file).name + ending);
    if (await samePlace(out, file))
      throw new InputError(`${out} is the model itself, which the export would replace; give another --out`);
    const written = await write(model, out);
    print({ format: options.format, ...written }, options, () => `${written.file}: ${bytes(written.bytes)}`);
  });
}

async function writeOne(data: Uint8Array, out: string): Promise<Written> {
  await replaceFile(out, data);
  return { file: out, bytes: data.length };
}

async function writeTfjs(model: Model, out: string): Promise<Written> {
  const files = toTfjs(model);
  await replaceFolder(out, files, name => /^(model\.json|group1-shard\d+of\d+\.bin)$/.test(name));
  const total = Array.from(files.values()).reduce((sum, file) => sum + file.length, 0);
  return { file: join(out, 'model.json'), bytes: total };
}
