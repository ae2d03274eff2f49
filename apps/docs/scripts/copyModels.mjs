// Puts the shipped models and their cards where the site serves them: public/models, which git ignores.
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';

const models = join(import.meta.dirname, '../../../models');
const out = join(import.meta.dirname, '../public/models');
await rm(out, { recursive: true, force: true });
await cp(models, out, { recursive: true });
