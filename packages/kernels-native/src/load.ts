import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.js';

const require = createRequire(import.meta.url);

/** The parts of node-gyp-build that know how prebuilt files are named. */
interface NodeGypBuild {
  parseTuple(name: string): unknown;
  matchTuple(platform: string, arch: string): (tuple: unknown) => boolean;
  parseTags(file: string): { readonly file: string } | undefined;
  matchTags(runtime: string, abi: string): (tags: unknown) => boolean;
  compareTags(runtime: string): (a: unknown, b: unknown) => number;
}

const FIX =
  'Install a C++17 compiler, make and Python 3, then run: npm rebuild @apb/kernels-native (in a checkout: pnpm build).';

/** No addon could be loaded: where it was looked for and why each place failed, and what would help. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
  readonly fix = FIX;

  constructor(readonly attempts: readonly string[]) {
    super(
      `no native addon for ${process.platform}-${process.arch} could be loaded; tried ${attempts.join('; ')}.`,
    );
  }
}

/** The folder of this package, where build/ and prebuilds/ are. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url));

/**
 * Loads the compiled addon: the one built here first, then prebuilt ones.
 * @throws LoadError naming each file tried and why it failed
 */
export function loadAddon(root: string = packageRoot): Addon {
  const attempts: string[] = [];
  for (const file of candidates(root, attempts)) {
    try {
      return require(join(root, file)) as Addon;
    } catch (error) {
      // The first line says it; the rest is a require stack.
      attempts.push(`${file} (${String((error as Error).message).split('\n')[0]})`);
    }
  }
  throw new LoadError(attempts);
}

/** Existing files in the order of trying; what is missing goes to `attempts`. */
function candidates(root: string, attempts: string[]): string[] {
  const built = join('build', 'Release', 'apb_kernels.node');
  const found = existsSync(join(root, built)) ? [built] : [];
  if (!found.length) attempts.push(`${built} (not built)`);
  const prebuilt = prebuilds(root);
  if (!prebuilt.length)
    attempts.push(`prebuilds (none for ${process.platform}-${process.arch}, Node ${process.versions.node})`);
  return [...found, ...prebuilt];
}

/** Prebuilt files that match this platform, architecture, libc and Node, most specific first. */
function prebuilds(root: string): string[] {
  const names = require('node-gyp-build/node-gyp-build.js') as NodeGypBuild;
  return list(join(root, 'prebuilds'))
    .filter(name => names.matchTuple(process.platform, process.arch)(names.parseTuple(name)))
    .flatMap(folder =>
      list(join(root, 'prebuilds', folder))
        .map(file => names.parseTags(file))
        .filter(tags => names.matchTags('node', process.versions.modules)(tags))
        .sort(names.compareTags('node'))
        .map(tags => join('prebuilds', folder, tags?.file ?? '')),
    );
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
