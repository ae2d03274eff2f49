// Runs when the package is installed: takes the prebuilt addon if it loads, else compiles. Never fails the
// installation: probe() of the backend says what is missing, and the other backends work.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildAddon, missingTools, root } from './toolchain.mjs';

/** In a checkout the workspace's build compiles, after the dependencies are there. */
const inWorkspace = existsSync(join(root, '..', '..', 'pnpm-workspace.yaml'));

async function loads() {
  try {
    (await import('../dist/load.js')).loadAddon();
    return true;
  } catch {
    return false;
  }
}

if (!inWorkspace && !(await loads())) {
  const missing = missingTools();
  const why = missing.length ? `this machine lacks ${missing.join(', ')}` : 'see the errors above';
  if (missing.length || !buildAddon())
    console.error(
      `@apb/kernels-native: no prebuilt addon for ${process.platform}-${process.arch} and none compiled (${why}); @apb/runtime takes another backend. Later: npm rebuild @apb/kernels-native`,
    );
}
