import { basename } from 'node:path';
import {
  InputError,
  inferShapes,
  type Model,
  sizeOf,
  tensor,
  validateModel,
  weightShapes,
  writeModel,
} from '@apb/core';
import { type Dataset, openDataset } from '@apb/trainer/data';
import {
  type CalibrationData,
  compressModel,
  type PostTrainingLayer,
  type PostTrainingReport,
} from '@apb/trainer/post-training';
import { Command, InvalidArgumentError } from 'commander';
import { calibrationPictures, type Pictures } from '../compress/calibration.js';
import { loadForeignModel } from '../compress/foreignModel.js';
import { generatedPictures } from '../compress/generatedPictures.js';
import { modelRunner } from '../compress/runModel.js';
import { argmax, checkFits } from '../evaluate.js';
import { above, integer, withBackend, withOutput } from '../options.js';
import { refuseFolder, replaceFile, samePlace } from '../replace.js';
import { bytes, note, type OutputOptions, percent, print, table } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

interface CompressOptions extends OutputOptions {
  readonly out: string;
  readonly bitsPerWeight: number;
  readonly data?: string;
  readonly calibration?: number;
  readonly perChannel?: boolean;
  readonly keep?: readonly string[];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly backend?: string;
  readonly isa?: string;
  readonly threads?: number;
}

/** Calibration pictures: more gain little, and two networks' largest values of all of them are in memory. */
const CALIBRATION = { most: 512, least: 32, values: 2 ** 27 };
const CHECKS = 500;

/** In place of a data set's name: pictures of nothing. */
const GENERATED = 'generated';

export function compressCommand(): Command {
  return withOutput(
    withBackend(
      new Command()
        .argument('<in>', 'a model file, ONNX, model.json of TensorFlow.js or Keras, float safetensors')
        .requiredOption('-o, --out <file>', 'the model file to write')
        .requiredOption('--bits-per-weight <b>', 'of the compressed layers, 1 to 32', above(0))
        .option(
          '--data <name>',
          'a data set, imagefolder:PATH or generated (noise), to make the errors of outputs small on',
        )
        .option('--calibration <n>', 'training pictures used for that', integer(2))
        .option('--per-channel', 'a scale for every output channel where no batch norm follows')
        .option(
          '--keep <layers>',
          'stay in full precision, by commas, or none; default: the first and the last',
          names,
        )
        .option('--mean <list>', 'of the input’s channels, by commas, where the file does not say', numbers)
        .option('--std <list>', 'the same for the standard deviation', numbers),
    ),
  ).action(run);
}

async function run(path: string, options: CompressOptions): Promise<void> {
  const { out } = options;
  if (options.calibration !== undefined && options.data === undefined)
    throw new InputError('--calibration needs the name of a data set with --data');
  await refuseFolder(out);
  const { file, notes, ...imported } = await loadForeignModel(path);
  if (await samePlace(out, file))
    throw new InputError(`${out} is the model itself, which would be replaced; give another --out`);
  const model = described(imported.model, basename(file), notes.length === 0, options);
  if (options.mean === undefined || options.std === undefined) for (const line of notes) note(line, options);
  if (options.data === undefined)
    note(
      `without --data only the errors of weights count, which costs much accuracy; --data ${GENERATED} needs no pictures`,
      options,
    );
  const progress = new Progress(options);
  const isOpened = options.data !== undefined && options.data !== GENERATED;
  const data = isOpened ? await openDataset(options.data as string, { input: model.input }) : undefined;
  try {
    const calibration = options.data === undefined ? undefined : await calibrate(model, data, options);
    const source = calibration?.named ?? model;
    const { model: compressed, report } = await compressModel(source, {
      bitsPerWeight: options.bitsPerWeight,
      perChannel: options.perChannel,
      keep: options.keep,
      data: calibration?.data,
      onProgress: ({ phase, layer, done, total }) => progress.update(`${phase} layers`, done, total, layer),
    });
    const top1 = calibration && (await accuracies(source, compressed, calibration));
    progress.stop();
    for (const warning of data?.warnings?.() ?? []) note(warning, options);
    const written = await writeModel(compressed);
    await replaceFile(out, written);
    print(
      {
        file: out,
        fileBytes: written.length,
        ...report,
        ...(calibration && { calibration: calibration.counts }),
        ...(top1 && { top1 }),
        notes,
      },
      options,
      () => text(out, written.length, report, calibration?.counts, top1),
    );
  } finally {
    progress.stop();
    await data?.dispose?.();
  }
}

/** The model with its source and what the command line says of its input. */
function described(
  model: Model,
  source: string,
  isKnown: boolean,
  { data, mean, std }: CompressOptions,
): Model {
  const { shape } = model.input;
  // What networks for photographs are usually tested with.
  const photograph = {
    rule: 'crop' as const,
    size: Math.round((Math.max(...shape.slice(0, 2)) * 256) / 224),
  };
  const resize =
    !isKnown && data?.startsWith('imagefolder:') && shape.length === 3 ? { resize: photograph } : {};
  return validateModel({
    ...model,
    input: { ...model.input, ...resize, ...(mean && { mean }), ...(std && { std }) },
    provenance: { ...model.provenance, source },
  });
}

interface Calibration {
  readonly data: CalibrationData;
  readonly check: Pictures;
  readonly counts: { readonly data: string; readonly pictures: number; readonly checkPictures: number };
  /** The model, with the data set's class names where it has none. */
  readonly named: Model;
}

/** @param data absent where pictures are generated */
async function calibrate(
  model: Model,
  data: Dataset | undefined,
  options: CompressOptions,
): Promise<Calibration> {
  const shapes = inferShapes(model.graph, weightShapes(model.weights));
  const largest = Math.max(...Array.from(shapes.values(), sizeOf));
  const fitting = Math.floor(CALIBRATION.values / largest);
  const count = options.calibration ?? Math.min(CALIBRATION.most, Math.max(CALIBRATION.least, fitting));
  const { calibration, check } = data ? await picturesOf(model, data, count) : generated(model, count);
  const outputs = sizeOf(shapes.get(model.graph.output) ?? []);
  const isNameless = model.classes.length === 0 && outputs === data?.classes.length;
  const [pictures, checkPictures] = [calibration.images.shape[0], check.images.shape[0]];
  return {
    data: { pictures: calibration.images, check: check.images, run: modelRunner(options) },
    check,
    counts: { data: data?.name ?? GENERATED, pictures, checkPictures },
    named: isNameless ? { ...model, classes: data.classes } : model,
  };
}

async function picturesOf(model: Model, data: Dataset, count: number) {
  checkFits(model, data);
  return calibrationPictures(data, model.input, { calibration: count, check: CHECKS });
}

/** Nothing is in them, so they have no classes. */
function generated({ input }: Model, count: number): { calibration: Pictures; check: Pictures } {
  const all = generatedPictures(input, count + Math.min(count, CHECKS));
  const size = sizeOf(input.shape);
  const part = (from: number, to?: number) => {
    const images = all.data.subarray(from * size, to === undefined ? undefined : to * size);
    return { images: tensor([images.length / size, ...input.shape], images), labels: [] };
  };
  return { calibration: part(0, count), check: part(count) };
}

interface Accuracies {
  /** Of the network in full precision, and of the compressed one, on the check pictures. */
  readonly before: number;
  readonly after: number;
}

/** Undefined where the network's outputs are not the data set's classes, or pictures have none. */
async function accuracies(
  before: Model,
  after: Model,
  { data: { run }, check }: Calibration,
): Promise<Accuracies | undefined> {
  if (before.classes.length === 0 || check.labels.length === 0) return undefined;
  const top1 = async (model: Model) => {
    const { data } = await run(model, check.images);
    const classes = data.length / check.labels.length;
    const right = check.labels.filter(
      (label, i) => argmax(data.subarray(i * classes, (i + 1) * classes)) === label,
    );
    return right.length / check.labels.length;
  };
  return { before: await top1(before), after: await top1(after) };
}

function text(
  out: string,
  fileBytes: number,
  { layers, totals }: PostTrainingReport,
  calibration?: Calibration['counts'],
  top1?: Accuracies,
): string {
  const { compressed } = totals;
  const lines = [
    layerTable(layers, calibration !== undefined),
    '',
    `${out}: ${bytes(fileBytes)}, ${compressed.bitsPerWeight.toFixed(3)} bits a weight over ${compressed.weights} compressed weights`,
  ];
  if (calibration && totals.outputError !== undefined)
    lines.push(
      `error of the outputs ${percent(totals.outputError, 1)} of their norm on ${calibration.checkPictures} other pictures`,
    );
  if (top1) lines.push(`top-1 there ${percent(top1.after)}, ${percent(top1.before)} in full precision`);
  return lines.join('\n');
}

function layerTable(layers: readonly PostTrainingLayer[], withData: boolean): string {
  return table(
    [
      'layer, most sensitive first',
      'weights',
      'full precision',
      'bits/weight',
      withData ? 'output error' : 'weight error',
      withData ? 'alone binary, at the output' : 'binary',
    ],
    layers.map(l => [
      l.compressed ? l.name : `${l.name} (${l.reason})`,
      l.weights,
      percent(l.fullPrecisionShare),
      l.bitsPerWeight.toFixed(3),
      l.error === undefined ? '-' : percent(l.error, 1),
      l.sensitivity === undefined ? '-' : percent(l.sensitivity, 1),
    ]),
  );
}

function names(value: string): string[] {
  if (value === 'none') return [];
  return value.split(',').map(name => name.trim());
}

function numbers(value: string): number[] {
  const list = value.split(',').map(Number);
  if (value.trim() === '' || !list.every(Number.isFinite))
    throw new InvalidArgumentError('It must be numbers, separated by commas.');
  return list;
}
