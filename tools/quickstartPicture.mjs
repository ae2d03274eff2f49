// Draws apps/docs/public/quickstart.png, the README's picture, from a quickstart.json and the command's own table:
//   node tools/quickstartPicture.mjs quickstart.json [chromium]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [file, browser = 'chromium'] = process.argv.slice(2);
if (!file) throw new Error('usage: node tools/quickstartPicture.mjs quickstart.json [chromium]');
const { comparison } = await import('../packages/cli/dist/commands/quickstart.js');
const text = comparison(JSON.parse(readFileSync(file, 'utf8')).rows);
const escaped = text.replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`);
const page = `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #15181e; }
pre { margin: 0; padding: 22px 26px; color: #d8dee9; font: 15px/1.17 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
</style><pre>$ npx --yes pnpm@10.34.9 quickstart\n\n${escaped}</pre>`;

const folder = mkdtempSync(join(tmpdir(), 'apb-picture-'));
try {
  writeFileSync(join(folder, 'page.html'), page);
  const out = join(import.meta.dirname, '../apps/docs/public/quickstart.png');
  mkdirSync(join(out, '..'), { recursive: true });
  execFileSync(
    browser,
    [
      ...[
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--hide-scrollbars',
      ],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      `--user-data-dir=${join(folder, 'profile')}`,
      '--window-size=860,260',
      `--screenshot=${out}`,
      `file://${join(folder, 'page.html')}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
