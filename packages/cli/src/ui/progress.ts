import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { OutputOptions } from './output.js';

/** One bar on stderr with an estimate of the time left; silent when not a terminal or with --quiet. */
export class Progress {
  private readonly bars?: MultiBar;
  private bar?: SingleBar;
  private label = '';

  constructor(options: OutputOptions) {
    if (options.quiet || !process.stderr.isTTY) return;
    this.bars = new MultiBar(
      {
        stream: process.stderr,
        format: '{label} {bar} {percentage} % | {eta_formatted} left {detail}',
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        barsize: 30,
        fps: 5,
      },
      Presets.shades_classic,
    );
  }

  /** Shows `done` of `total` under a label; a new label starts a new bar. */
  update(label: string, done: number, total: number, detail = ''): void {
    if (!this.bars) return;
    if (this.label !== label) {
      if (this.bar) this.bars.remove(this.bar);
      this.bar = this.bars.create(total, 0);
      this.label = label;
    }
    this.bar?.setTotal(total);
    this.bar?.update(done, { label, detail });
  }

  /** A line above the bar; without a bar, a line on stderr. */
  log(line: string): void {
    if (this.bars) this.bars.log(`${line}\n`);
  }

  stop(): void {
    this.bars?.stop();
  }
}
