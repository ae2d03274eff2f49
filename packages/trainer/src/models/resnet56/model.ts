import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { cifarResnet } from '../resnet/cifarResnet.js';

/** ResNet-56 for CIFAR: nine blocks a stage, 0.85 million weights. See README.md beside this file. */
export function resnet56(b: Blocks): LayersModel {
  return cifarResnet(b, 'resnet56', 9);
}
