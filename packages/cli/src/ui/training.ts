import type { TrainProgress } from '@apb/trainer';
import { note, type OutputOptions, percent } from './output.js';
import { Progress } from './progress.js';

/** A bar for the running epoch and a line for every finished one, on stderr. */
export class TrainingView {
  private readonly progress: Progress;
  private readonly options: OutputOptions;

  constructor(options: OutputOptions) {
    this.options = options;
    this.progress = new Progress(options);
  }

  show(p: TrainProgress): void {
    if (p.phase === 'epoch') {
      this.line(`epoch ${p.epoch}: ${summary(p.metrics)}`);
      return;
    }
    const detail =
      p.loss === undefined
        ? ''
        : `loss ${p.loss.toFixed(3)}, ${(p.imagesPerSecond ?? 0).toFixed(0)} pictures/s, ${minutes(p.etaSeconds)} in all`;
    this.progress.update(`${p.phase} ${p.epoch}/${p.epochs}`, p.step, p.steps, detail);
  }

  warn(text: string): void {
    this.line(`warning: ${text}`);
  }

  stop(): void {
    this.progress.stop();
  }

  private line(text: string): void {
    if (process.stderr.isTTY) this.progress.log(text);
    else note(text, this.options);
  }
}

function summary(m: {
  trainLoss: number;
  validationTop1?: number;
  testTop1?: number;
  bitsPerWeight: number;
  imagesPerSecond: number;
}): string {
  return [
    `loss ${m.trainLoss.toFixed(3)}`,
    ...(m.validationTop1 === undefined ? [] : [`held-out top-1 ${percent(m.validationTop1)}`]),
    ...(m.testTop1 === undefined ? [] : [`test top-1 ${percent(m.testTop1)}`]),
    `${m.bitsPerWeight.toFixed(2)} bits per weight`,
    `${m.imagesPerSecond.toFixed(0)} pictures/s`,
  ].join(', ');
}

/** The time left to the end of the run, for people. */
function minutes(seconds = 0): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
