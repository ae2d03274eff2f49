import type { InputDescription } from '@apb/core';

/** Colour pictures of 32 x 32, with the means and deviations of CIFAR-10's training set. */
export const CIFAR: InputDescription = {
  shape: [32, 32, 3],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
  resize: { rule: 'exact' },
};

/** Colour pictures of 224 x 224, with the means and deviations that ImageNet's networks are trained with. */
export const IMAGENET: InputDescription = {
  shape: [224, 224, 3],
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  resize: { rule: 'crop', size: 256 },
};
