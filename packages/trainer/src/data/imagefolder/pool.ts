import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
// Loaded here first: a library that only worker threads load is unloaded with the first of them that ends.
import 'sharp';
import type { Failure, Job, JobDone, JobItem } from './job.js';

/** Built, also where this file runs from its source, as in tests: both lie three folders below the package. */
const script = new URL('../../../dist/data/imagefolder/worker.js', import.meta.url);

interface Pending {
  readonly worker: Worker;
  resolve(failures: readonly Failure[]): void;
  reject(error: Error): void;
}

/**
 * Worker threads that decode pictures: one fewer than the processors, which leaves one to the training. They start
 * with the first batch and do not keep the process alive while they have nothing to do.
 */
export class Pool {
  private workers: Worker[] = [];
  private readonly pending = new Map<number, Pending>();
  private jobs = 0;
  private disposed = false;

  constructor(private readonly size = Math.max(1, availableParallelism() - 1)) {}

  /**
   * Decodes a batch, its pictures dealt out to the workers at once: while a training step holds the thread that this
   * runs on, no message could ask for more.
   * @returns the pictures that could not be read
   */
  async run(batch: Omit<Job, 'id' | 'items'>, items: readonly JobItem[]): Promise<Failure[]> {
    if (this.disposed) throw new Error('the data set is disposed; open it again to read it');
    while (this.workers.length < this.size) this.workers.push(this.start());
    const parts = this.workers.slice(0, items.length).map((worker, w) => {
      const own = items.filter((_, i) => i % this.size === w);
      return this.post(worker, { ...batch, id: ++this.jobs, items: own });
    });
    return (await Promise.all(parts)).flat();
  }

  /** Ends the workers; batches under way are rejected. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await Promise.all(this.workers.map(worker => worker.terminate()));
  }

  private start(): Worker {
    // Without the process's own flags: --input-type, for one, is refused for a file.
    const worker = new Worker(script, { execArgv: [] });
    worker.unref();
    worker.on('message', ({ id, failures }: JobDone) => this.take(id)?.resolve(failures));
    worker.on('error', error => this.lose(worker, error));
    worker.on('exit', () => this.lose(worker, new Error('it was ended')));
    return worker;
  }

  private post(worker: Worker, job: Job): Promise<readonly Failure[]> {
    return new Promise((resolve, reject) => {
      this.pending.set(job.id, { worker, resolve, reject });
      worker.ref();
      worker.postMessage(job);
    });
  }

  private take(id: number): Pending | undefined {
    const taken = this.pending.get(id);
    this.pending.delete(id);
    if (taken && ![...this.pending.values()].some(({ worker }) => worker === taken.worker))
      taken.worker.unref();
    return taken;
  }

  private lose(worker: Worker, error: Error): void {
    this.workers = this.workers.filter(other => other !== worker);
    for (const [id, pending] of this.pending)
      if (pending.worker === worker)
        this.take(id)?.reject(new Error(`the thread that decodes pictures stopped: ${error.message}`));
  }
}
