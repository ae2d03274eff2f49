import { Command } from 'commander';
import { kernelsCommand } from './bench/kernels.js';
import { layersCommand } from './bench/layers.js';
import { modelCommand } from './bench/model.js';

export function benchCommand(): Command {
  return new Command().addCommand(kernelsCommand()).addCommand(layersCommand()).addCommand(modelCommand());
}
