import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files in a new temporary folder while `use` runs. */
export async function withFiles<T>(
  files: Readonly<Record<string, Uint8Array>>,
  use: (paths: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'apb-bench-'));
  try {
    const paths: Record<string, string> = {};
    for (const [name, data] of Object.entries(files)) {
      paths[name] = join(folder, name);
      await writeFile(paths[name], data);
    }
    return await use(paths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
