import { fetchDataset } from '@apb/trainer/data';
import { Command } from 'commander';
import { withOutput } from '../options.js';
import { type OutputOptions, print } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

export function dataCommand(): Command {
  const fetch = withOutput(
    new Command('fetch')
      .description('fetch a data set into the cache, checked against pinned checksums')
      .argument('<name>', 'mnist, fashion-mnist or cifar10'),
  ).action(async (name: string, options: OutputOptions) => {
    const progress = new Progress(options);
    try {
      const { dir, train, test } = await fetchDataset(name, {
        onProgress: (label: string, done: number, total: number) => progress.update(label, done, total),
      });
      print(
        { dir, train, test },
        options,
        () => `${name}: ${train} training and ${test} test pictures in ${dir}`,
      );
    } finally {
      progress.stop();
    }
  });
  return new Command().addCommand(fetch);
}
