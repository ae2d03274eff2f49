import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { cifarResnet } from '../resnet/cifarResnet.js';

/** ResNet-20 for CIFAR: three blocks a stage, 0.27 million weights. See README.md beside this file. */
export function resnet20(b: Blocks): LayersModel {
  return cifarResnet(b, 'resnet20', 3);
}
