#!/usr/bin/env node
// Starts the command line. In a checkout that was never built it builds first, on stderr, so that the
// first `pnpm apb ... --json` of a newcomer already prints one JSON document on stdout.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = relative => fileURLToPath(new URL(relative, import.meta.url));

if (!existsSync(path('../dist/main.js')) && existsSync(path('../../../pnpm-workspace.yaml'))) {
  process.stderr.write('Building the packages (once)...\n');
  const pnpm = process.env.npm_execpath;
  const [command, ...args] = pnpm?.endsWith('js') ? [process.execPath, pnpm] : ['pnpm'];
  const { status, error } = spawnSync(command, [...args, 'run', 'build'], {
    cwd: path('../../..'),
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write(
      `apb: the build failed${error ? ` (${error.message})` : ''}; run \`pnpm build\` to see why\n`,
    );
    process.exit(1);
  }
}

const { main } = await import('../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
