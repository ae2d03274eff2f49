import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../data/cache.js';
import { messageOf } from './engine.js';

/** The package whose native half is TensorFlow. */
export const tfjsNode = '@tensorflow/tfjs-node';

/** A tfjs-node on this machine; `entry` is what to require to see whether its library loads. */
export interface TfjsNode {
  /** The user's own dependency, or what `apb setup tensorflow` made. */
  readonly origin: 'installed' | 'cache';
  /** Folder of the package. */
  readonly root: string;
  readonly entry: string;
}

/** Keeps TensorFlow's info lines off stderr, but for the two about oneDNN that it prints unasked. */
export const fewerLogs = { TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' };

/** Where `apb setup tensorflow` puts the engine. */
export function tensorflowFolder(): string {
  return join(cacheFolder(), 'tensorflow');
}

/** The tfjs-node in a folder that `apb setup tensorflow` made or makes. */
export function tfjsNodeIn(folder: string): TfjsNode {
  const root = join(folder, 'node_modules', ...tfjsNode.split('/'));
  return { origin: 'cache', root, entry: join(root, 'lib', 'napi-v8', 'tfjs_binding.node') };
}

/** Every tfjs-node to try, in order: this package's optional peer, the running application's, the cached one. */
export function findTfjsNodes(): TfjsNode[] {
  const found: TfjsNode[] = [];
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const root = installedRoot(from);
    if (root && !found.some(node => node.root === root))
      found.push({ origin: 'installed', root, entry: root });
  }
  const cached = tfjsNodeIn(tensorflowFolder());
  if (existsSync(cached.entry)) found.push(cached);
  return found;
}

function installedRoot(from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${tfjsNode}/package.json`));
  } catch {
    return undefined;
  }
}

/**
 * Loads a tfjs-node's library in a process of its own, since one built for another processor ends the process
 * that loads it.
 * @returns undefined when it loads, otherwise why not in one line
 */
export async function whyUnloadable(node: TfjsNode): Promise<string | undefined> {
  const options = { env: { ...process.env, ...fewerLogs }, timeout: 120_000 };
  try {
    await promisify(execFile)(process.execPath, ['-e', 'require(process.argv[1])', node.entry], options);
    return undefined;
  } catch (error) {
    const { stderr = '', signal } = error as { stderr?: string; signal?: string };
    // Node's uncaught error, or TensorFlow's own fatal log line.
    const line = stderr.split('\n').find(text => /^(\w*Error\b|\S+ \S+ F )/.test(text));
    return line?.trim() ?? (signal ? `loading it ended with ${signal}` : messageOf(error));
  }
}
