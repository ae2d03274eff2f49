import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const docs = join(import.meta.dirname, '..');

/** Builds the site (without API pages, which no test reads) into a folder of its own. */
export async function buildSite(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'apb-site-'));
  for (const script of ['scripts/copyModels.mjs', '../../tools/quantizerPlots.mjs'])
    await run(process.execPath, [script], { cwd: docs });
  const vitepress = join(docs, 'node_modules/vitepress/bin/vitepress.js');
  await run(process.execPath, [vitepress, 'build', '--outDir', folder], { cwd: docs });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
