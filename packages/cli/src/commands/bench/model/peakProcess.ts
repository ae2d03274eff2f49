/** A process of its own that runs one network and tells its peak resident memory; see peak.ts. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Tensor } from '@apb/core';
import { MODEL_PEERS } from '../../../peers/models.js';
import { randomBatch } from './batch.js';
import type { PeakJob, PeakResult } from './peak.js';

const RUNS = 2;

process.once('message', async (job: PeakJob) => {
  const nodeBytes = peak();
  const result = await runJob(job).then(
    (): PeakResult => ({ peakBytes: peak(), nodeBytes }),
    (error): PeakResult => ({ error: (error as Error).message }),
  );
  process.send?.(result, () => process.disconnect());
});

async function runJob(job: PeakJob): Promise<void> {
  const run = job.kind === 'apb' ? await openOurs(job) : await openPeer(job);
  const batch = randomBatch(job.inputShape, job.batch, 1);
  for (let i = 0; i < RUNS; i++) await run(batch);
}

/** Loads our packages only here, so that peers are measured without them. */
async function openOurs({ file, backend, isa, threads }: PeakJob): Promise<(batch: Tensor) => unknown> {
  const [{ readModel }, { createSession }] = await Promise.all([import('@apb/core'), import('@apb/runtime')]);
  const session = await createSession(await readModel(await readFile(file)), { backend, isa, threads });
  return batch => session.run(batch);
}

async function openPeer({ file, peer, threads }: PeakJob): Promise<(batch: Tensor) => unknown> {
  const model = await (await MODEL_PEERS[peer ?? ''](threads)).open(await readFile(file));
  return batch => model.run(batch);
}

/**
 * Bytes. Linux carries the resource usage of the parent over to its child, so there this process's own high-water mark
 * counts.
 */
function peak(): number {
  if (process.platform === 'linux') {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes) return Number(kibibytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
