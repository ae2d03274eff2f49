import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import type { ClassIndices } from '../dataset.js';

const EXTENSIONS = /\.(jpe?g|png)$/i;

/** Class indices take two bytes at most. */
const MAX_CLASSES = 2 ** 16;

/**
 * The pictures of a split by index, class after class, each in the order of the names' code units. Names are kept as
 * bytes: 26 bytes a picture for ImageNet's, 33 MB for its 1.28 million.
 */
export class PictureList {
  readonly count: number;

  /**
   * @param names UTF-8, one after the other
   * @param ends [count] where each name ends
   */
  constructor(
    private readonly folder: string,
    private readonly classes: readonly string[],
    readonly labels: ClassIndices,
    private readonly names: Buffer,
    private readonly ends: Uint32Array,
  ) {
    this.count = labels.length;
  }

  pathOf(index: number): string {
    const name = this.names.toString('utf8', index > 0 ? this.ends[index - 1] : 0, this.ends[index]);
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
  const present = new Set(await listClasses(folder));
  const unknown = [...present].find(name => !classes.includes(name));
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
  const count = ends.reduce((n, { length }) => n + length, 0);
  if (count === 0) throw withoutPictures(folder);
  const labels = classes.length > 256 ? new Uint16Array(count) : new Uint8Array(count);
  let at = 0;
  ends.forEach(({ length }, label) => {
    labels.fill(label, at, at + length);
    at += length;
  });
  return new PictureList(folder, classes, labels, names.bytes(), concatenated(ends, count));
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

async function pictureNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of entriesOf(folder)) if (EXTENSIONS.test(name)) names.push(name);
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
