import { Command } from 'commander';
import { kernelsCommand } from './bench/kernels.js';
import { layersCommand } from './bench/layers.js';

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure speed')
    .addCommand(kernelsCommand())
    .addCommand(layersCommand());
}
