import type { Model } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';
import { exportModel } from '../export/exportModel.js';
import type { TrainConfig } from './config.js';

/** The packed model of a run, with the settings that tell it apart. */
export function exportRun(trained: LayersModel, config: TrainConfig, dataset: Dataset): Model {
  const { model, weights, activations, epochs, seed, optimizer } = config;
  const provenance = { model, data: dataset.name, weights, activations, epochs, seed, optimizer };
  const { shape, mean, std, classes, resize = { rule: 'exact' } } = dataset;
  return exportModel(trained, {
    input: { shape, mean, std, resize },
    classes,
    provenance: Object.fromEntries(Object.entries(provenance).map(([key, value]) => [key, String(value)])),
  });
}
