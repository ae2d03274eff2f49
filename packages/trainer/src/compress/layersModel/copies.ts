import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { ApbConv2D, type ApbConv2DArgs } from '../../layers/apbConv2d.js';
import { ApbDense, type ApbDenseArgs } from '../../layers/apbDense.js';
import { ApbDepthwiseConv2D, type ApbDepthwiseConv2DArgs } from '../../layers/apbDepthwiseConv2d.js';
import { isCompressed } from '../../layers/compressed.js';
import type { QuantizedKernelArgs } from '../../layers/quantizedKernel.js';

/** One layer's place in the new model. */
export interface Copy {
  /** Applied one after the other. */
  readonly chain: readonly layers.Layer[];
  /** Gives the built chain the original's weights. */
  fill(): void;
}

interface LayerClass {
  fromConfig(cls: LayerClass, config: tf.serialization.ConfigDict): layers.Layer;
}

/**
 * The same layer with weights of its own. A separable convolution is taken apart all the same where tf.layers' own
 * halves compute it, since only those can be exported; they cannot where it is dilated.
 */
export function plainCopy(layer: layers.Layer): Copy {
  const separable = layer.getClassName() === 'SeparableConv2D';
  if (separable && [layer.getConfig().dilationRate].flat().every(rate => rate === 1)) {
    const [depthwise, pointwise] = separated(layer);
    const chain = [
      layers.depthwiseConv2d(depthwise as unknown as Parameters<typeof layers.depthwiseConv2d>[0]),
      layers.conv2d(pointwise as unknown as Parameters<typeof layers.conv2d>[0]),
    ];
    return filled(layer, chain, { pointwise_kernel: 'kernel' });
  }
  const cls = layer.constructor as unknown as LayerClass;
  const copy = cls.fromConfig(cls, configOf(layer));
  return { chain: [copy], fill: () => copy.setWeights(layer.getWeights()) };
}

/**
 * A compressed layer of the same name and settings; a separable convolution becomes the depthwise and the pointwise
 * one that it is made of.
 */
export function compressedCopy(layer: layers.Layer, args: QuantizedKernelArgs): Copy {
  const config = configOf(layer);
  switch (layer.getClassName()) {
    case 'Conv2D':
      return filled(layer, [new ApbConv2D({ ...config, ...args } as unknown as ApbConv2DArgs)]);
    case 'DepthwiseConv2D':
      return filled(layer, [
        new ApbDepthwiseConv2D({ ...config, ...args } as unknown as ApbDepthwiseConv2DArgs),
      ]);
    case 'Dense':
      return filled(layer, [new ApbDense({ ...config, ...args } as unknown as ApbDenseArgs)]);
    default: {
      const [depthwise, pointwise] = separated(layer);
      const chain = [
        new ApbDepthwiseConv2D({ ...depthwise, ...args } as unknown as ApbDepthwiseConv2DArgs),
        new ApbConv2D({ ...pointwise, ...args } as unknown as ApbConv2DArgs),
      ];
      return filled(layer, chain, { pointwise_kernel: 'kernel' });
    }
  }
}

/** Configurations of the two halves; bias and activation belong to the second, which keeps the name. */
function separated(layer: layers.Layer) {
  const config = configOf(layer);
  const { name } = layer;
  const { depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint, depthMultiplier } = config;
  const { pointwiseInitializer, pointwiseRegularizer, pointwiseConstraint, ...rest } = config;
  const { kernelSize, strides, padding, dilationRate, trainable, dtype } = config;
  return [
    {
      ...{ name: `${name}_depthwise`, trainable, dtype, kernelSize, strides, padding, dilationRate },
      ...{ depthMultiplier, depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint, useBias: false },
    },
    {
      ...{ name, trainable, dtype, filters: rest.filters, kernelSize: 1, useBias: rest.useBias },
      ...{ activation: rest.activation, activityRegularizer: rest.activityRegularizer },
      ...{ biasInitializer: rest.biasInitializer, biasRegularizer: rest.biasRegularizer },
      ...{ biasConstraint: rest.biasConstraint, kernelInitializer: pointwiseInitializer },
      ...{ kernelRegularizer: pointwiseRegularizer, kernelConstraint: pointwiseConstraint },
    },
  ];
}

/**
 * What a layer is made of. tf.layers writes the regularizer of a depthwise layer where its constraint belongs, and
 * leaves out a separable layer's multiplier; a constructor takes the objects themselves too.
 */
function configOf(layer: layers.Layer): tf.serialization.ConfigDict {
  const config = layer.getConfig();
  if (!/^(Depthwise|Separable)Conv2D$/.test(layer.getClassName())) return config;
  const own = layer as unknown as tf.serialization.ConfigDict;
  return { ...config, depthMultiplier: own.depthMultiplier, depthwiseConstraint: own.depthwiseConstraint };
}

function filled(
  from: layers.Layer,
  chain: readonly layers.Layer[],
  renamed: Readonly<Record<string, string>> = {},
): Copy {
  const fill = () => {
    const values = new Map(
      from.weights.map(w => {
        const own = ownName(w.originalName);
        return [renamed[own] ?? own, w.read()] as const;
      }),
    );
    for (const layer of chain)
      for (const weight of layer.weights) {
        const value = values.get(ownName(weight.originalName));
        if (value) weight.write(value);
      }
    for (const layer of chain)
      if (isCompressed(layer)) layer.weightQuantizer.initialise(layer.weightQuantizer.deltaRule);
  };
  return { chain, fill: () => tf.tidy(fill) };
}

function ownName(originalName: string): string {
  return originalName.split('/').pop()!;
}
