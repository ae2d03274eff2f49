import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { basicBlock } from '../resnet/blocks.js';
import { imagenetResnet } from '../resnet/imagenetResnet.js';

/** ResNet-34 for ImageNet, 21.8 million weights. See README.md beside this file. */
export function resnet34(b: Blocks): LayersModel {
  return imagenetResnet(b, { name: 'resnet34', depths: [3, 4, 6, 3], block: basicBlock });
}
