import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { bottleneck } from '../resnet/blocks.js';
import { imagenetResnet } from '../resnet/imagenetResnet.js';

/** ResNet-50 for ImageNet, 25.6 million weights. See README.md beside this file. */
export function resnet50(b: Blocks): LayersModel {
  return imagenetResnet(b, { name: 'resnet50', depths: [3, 4, 6, 3], block: bottleneck });
}
