import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const APB = join(import.meta.dirname, '../../bin/apb.js');

export interface ChildResult {
  readonly ok: boolean;
  /** The last line on stderr: why it failed. */
  readonly error: string;
}

/**
 * Runs `apb train` in a process of its own: TensorFlow.js and WebAssembly never give memory back, and a run that is
 * killed for want of it must not end the sweep.
 * @param onLine told every line on stderr
 */
export function trainInChild(
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<ChildResult> {
  return new Promise(done => {
    const child = spawn(process.execPath, [APB, 'train', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    // The run keeps its last finished epoch; the terminal sends its own signal as well, which does no harm.
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop);
    let last = '';
    const lines = createInterface({ input: child.stderr });
    lines.on('line', line => {
      if (line.trim() === '') return;
      last = line;
      onLine(line);
    });
    const finish = (result: ChildResult) => {
      signal.removeEventListener('abort', stop);
      done(result);
    };
    child.on('error', error => finish({ ok: false, error: error.message }));
    child.on('close', (code, killed) =>
      finish({
        ok: code === 0,
        error: killed ? `ended by ${killed}` : last.replace(/^apb: /, '') || `ended with code ${code}`,
      }),
    );
  });
}
