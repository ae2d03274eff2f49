import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * A library to compare with, from this package's place, else from the folder the command runs in.
 * @throws Error saying how to install it
 */
export async function importPeer(name: string): Promise<unknown> {
  const here = createRequire(import.meta.url);
  const there = createRequire(join(process.cwd(), 'package.json'));
  for (const require of [here, there]) {
    let file: string;
    try {
      file = require.resolve(name);
    } catch {
      continue;
    }
    const module = await import(pathToFileURL(file).href);
    return module.default ?? module;
  }
  throw new Error(
    `the peer ${name} cannot run: it is not installed; run npm install ${name} in this folder, or leave it out of --peers`,
  );
}
