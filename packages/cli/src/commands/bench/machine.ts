import { cpus } from 'node:os';

/** The processor's name as the system tells it. */
export function cpuName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown';
}
