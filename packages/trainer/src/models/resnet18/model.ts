import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { basicBlock } from '../resnet/blocks.js';
import { imagenetResnet } from '../resnet/imagenetResnet.js';

/** ResNet-18 for ImageNet, 11.7 million weights. See README.md beside this file. */
export function resnet18(b: Blocks): LayersModel {
  return imagenetResnet(b, { name: 'resnet18', depths: [2, 2, 2, 2], block: basicBlock });
}
