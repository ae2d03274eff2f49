import { Command } from 'commander';
import { withOutput } from '../options.js';
import { replaceFile } from '../replace.js';
import { reportPage } from '../report/report.js';
import { readSources } from '../report/source.js';
import { bytes, type OutputOptions, print } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

interface ReportOptions extends OutputOptions {
  readonly out: string;
}

export function reportCommand(): Command {
  return withOutput(
    new Command()
      .argument('<run-or-model...>', 'folders of training runs, or model files')
      .requiredOption('-o, --out <file>', 'the page'),
  ).action(async (paths: string[], options: ReportOptions) => {
    const progress = new Progress(options);
    try {
      const sources = await readSources(paths, done => progress.update('reading', done, paths.length));
      progress.update('drawing', 0, 1);
      const html = new TextEncoder().encode(await reportPage(sources));
      await replaceFile(options.out, html);
      const result = {
        file: options.out,
        bytes: html.length,
        sources: sources.map(({ path, kind, epochs, histograms }) => ({
          path,
          kind,
          epochs: epochs.length,
          layers: histograms.length,
        })),
      };
      print(result, options, () => `${options.out} written (${bytes(html.length)})`);
    } finally {
      progress.stop();
    }
  });
}
