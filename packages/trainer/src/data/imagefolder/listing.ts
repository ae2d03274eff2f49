import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import type { ClassIndices } from '../dataset.js';

const EXTENSIONS = /\.(jpe?g|png)$/i;

/** Class indices take two bytes at most. */
const MAX_CLASSES = 2 ** 16;

/**
 * The pictures of a split by index: the first of every class, the second of every class, and so on, so that the first
 * ones are of all classes; within a class in the order of the names' code units. Names are kept as bytes: with place,
 * order and label 30 bytes a picture for ImageNet's, 38 MB for its 1.28 million.
 */
export class PictureList {
  readonly count: number;

  /**
   * @param labels [count]
   * @param order [count] places in `ends`
   * @param ends [count] where each name ends, class after class
   * @param names UTF-8, one after the other
   */
  constructor(
    private readonly folder: string,
    private readonly classes: readonly string[],
    readonly labels: ClassIndices,
    private readonly order: Uint32Array,
    private readonly ends: Uint32Array,
    private readonly names: Buffer,
  ) {
    this.count = labels.length;
  }

  pathOf(index: number): string {
    const at = this.order[index];
    const name = this.names.toString('utf8', at > 0 ? this.ends[at - 1] : 0, this.ends[at]);
    return join(this.folder, this.classes[this.labels[index]], name);
  }
}

/**
 * The classes of a folder: its subfolders, sorted by their names' code units. Names that start with a dot are left
 * out.
 * @throws InputError when there is no such folder, or none in it
 */
export async function listClasses(folder: string): Promise<string[]> {
  const classes: string[] = [];
  for await (const entry of entriesOf(folder))
    if (!entry.name.startsWith('.') && (await isFolder(folder, entry))) classes.push(entry.name);
  if (classes.length === 0)
    throw new InputError(`${folder} holds no folders; give it one folder of pictures per class`);
  if (classes.length > MAX_CLASSES)
    throw new InputError(`${folder} holds ${classes.length} folders; at most ${MAX_CLASSES} classes work`);
  return classes.sort();
}

/**
 * Lists the JPEG and PNG files of every class, by their names alone: no file is opened or looked at, and folders
 * are read entry by entry.
 * @param classes folders that must be there and hold pictures; with `someMissing` they may
 * @throws InputError naming a folder that is missing, empty or unknown
 */
export async function listPictures(
  folder: string,
  classes: readonly string[],
  { someMissing }: { someMissing: boolean },
): Promise<PictureList> {
  const [present, known] = [new Set(await listClasses(folder)), new Set(classes)];
  const unknown = [...present].find(name => !known.has(name));
  if (unknown !== undefined)
    throw new InputError(
      `${join(folder, unknown)} is a class that no training picture has; remove it or add training pictures`,
    );
  const names = new Names();
  const ends: Uint32Array[] = [];
  for (const name of classes) {
    const files = present.has(name) ? await pictureNames(join(folder, name)) : [];
    if (files.length === 0 && !someMissing) throw withoutPictures(join(folder, name));
    ends.push(Uint32Array.from(files, file => names.add(file)));
  }
  const counts = ends.map(({ length }) => length);
  const count = counts.reduce((a, b) => a + b, 0);
  if (count === 0) throw withoutPictures(folder);
  const { order, labels } = byTurns(counts, count);
  return new PictureList(folder, classes, labels, order, concatenated(ends, count), names.bytes());
}

/** One of each class by turns, where pictures lie class after class. */
function byTurns(counts: readonly number[], count: number): { order: Uint32Array; labels: ClassIndices } {
  const order = new Uint32Array(count);
  const labels = counts.length > 256 ? new Uint16Array(count) : new Uint8Array(count);
  let start = 0;
  let left = counts.map((own, label) => {
    start += own;
    return { label, start: start - own, end: start };
  });
  for (let i = 0, turn = 0; i < count; turn++) {
    left = left.filter(({ start, end }) => start + turn < end);
    for (const { label, start } of left) {
      labels[i] = label;
      order[i++] = start + turn;
    }
  }
  return { order, labels };
}

function concatenated(parts: readonly Uint32Array[], count: number): Uint32Array {
  const whole = new Uint32Array(count);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function withoutPictures(folder: string): InputError {
  return new InputError(`${folder} holds no .jpg, .jpeg or .png files; put some there or remove it`);
}

/** Names that start with a dot are left out: macOS puts such files beside pictures. */
async function pictureNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of entriesOf(folder))
    if (EXTENSIONS.test(name) && !name.startsWith('.')) names.push(name);
  return names.sort();
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `the folder ${folder} cannot be listed (${code}); an image folder holds train/CLASS/*.jpg and val/CLASS/*.jpg`,
    );
  }
}

async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A link to itself, or to nowhere, is none.
  return stat(join(parent, entry.name)).then(
    found => found.isDirectory(),
    () => false,
  );
}

/** Bytes of names, in memory that doubles. */
class Names {
  private memory = Buffer.allocUnsafe(2 ** 16);
  private length = 0;

  /** @returns where the name ends */
  add(name: string): number {
    const bytes = Buffer.byteLength(name);
    if (this.length + bytes > this.memory.length) {
      const larger = Buffer.allocUnsafe(2 * this.memory.length);
      this.memory.copy(larger, 0, 0, this.length);
      this.memory = larger;
    }
    this.length += this.memory.write(name, this.length);
    return this.length;
  }

  bytes(): Buffer {
    return Buffer.from(this.memory.subarray(0, this.length));
  }
}
