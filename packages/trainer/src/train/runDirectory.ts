import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import type { EpochMetrics } from './metrics.js';

/** The files of a training run. Each is replaced in one rename, so that a kill never leaves half of one. */
export class RunDirectory {
  constructor(readonly path: string) {}

  get checkpointPath(): string {
    return join(this.path, 'checkpoint.safetensors');
  }

  get modelPath(): string {
    return join(this.path, 'model.safetensors');
  }

  /** The settings of the run in it, undefined where there is no run. */
  async readConfig(): Promise<unknown> {
    const path = join(this.path, 'config.json');
    const bytes = await readIfThere(path);
    if (!bytes) return undefined;
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw new InputError(
        `${path} is damaged: ${(error as Error).message}; start the run again in another folder`,
      );
    }
  }

  /**
   * Makes the folder where needed.
   * @throws InputError when that cannot be
   */
  async writeConfig(config: object): Promise<void> {
    await mkdir(this.path, { recursive: true }).catch(error => {
      throw new InputError(
        `${this.path} cannot be made: ${error.message}; choose another folder for the run`,
      );
    });
    await replaceFile(join(this.path, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  }

  async readCheckpoint(): Promise<Uint8Array | undefined> {
    return readIfThere(this.checkpointPath);
  }

  async writeCheckpoint(bytes: Uint8Array): Promise<void> {
    await replaceFile(this.checkpointPath, bytes);
  }

  /** All lines at once: the checkpoint knows them, so the file cannot contradict it for long. */
  async writeMetrics(metrics: readonly EpochMetrics[]): Promise<void> {
    await replaceFile(join(this.path, 'metrics.jsonl'), metrics.map(m => `${JSON.stringify(m)}\n`).join(''));
  }

  async writeModel(bytes: Uint8Array): Promise<void> {
    await replaceFile(this.modelPath, bytes);
  }
}

/** Writes beside the file, forces the bytes to disk, then renames; what was half written is removed. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw error;
  }
}
