import * as tf from '@tensorflow/tfjs-core';
// tfjs-core's gradients come with tfjs-layers, so it has to be loaded before ours take their place.
import '@tensorflow/tfjs-layers';
import type { EngineName } from '../engines/engine.js';
import { avgPoolGrads } from './avgPoolGrad.js';
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js';
import { conv2dBackpropInput } from './conv2dBackpropInput.js';
import { conv3dBackpropInput } from './conv3dBackpropInput.js';
import { type ConvAttrs, isDilated } from './convolution.js';
import { convolutionGradients, isPlain } from './convolutionGradients.js';
import { depthwiseBackpropFilter } from './depthwiseBackpropFilter.js';
import { depthwiseBackpropInput } from './depthwiseBackpropInput.js';
import { dilatedDepthwise } from './dilatedDepthwise.js';
import { trainDilatedFusedConvolutions } from './fusedConvolution.js';
import { type Kernel, registerFallback, registerKernel } from './kernel.js';
import { maxPool3d } from './maxPool3d.js';
import { maxPool3dGrad, maxPoolGrad } from './maxPoolGrad.js';
import { reluGradient } from './reluGradient.js';
import { step } from './step.js';
import { stridedSliceGradient } from './stridedSliceGradient.js';
import { addTensorMethods } from './tensorMethods.js';
import { isTransposed, transposedMatMul } from './transposedMatMul.js';
import { unsortedSegmentSum } from './unsortedSegmentSum.js';

const convolutionKernels: Kernel[] = [
  conv2dBackpropInput,
  conv2dBackpropFilter,
  depthwiseBackpropInput,
  depthwiseBackpropFilter,
];

/** Kernels that take the place of an engine's own: absent there, wrong or slow. */
const replaced: Record<EngineName, Kernel[]> = {
  wasm: [
    ...convolutionKernels,
    maxPool3d,
    maxPoolGrad,
    maxPool3dGrad,
    ...avgPoolGrads,
    conv3dBackpropInput,
    unsortedSegmentSum,
  ],
  cpu: [maxPool3dGrad, ...avgPoolGrads],
  tensorflow: [maxPool3dGrad, step],
};

const done = new Set<EngineName>();

/**
 * Supplies the kernels and gradients an engine lacks or has wrong, so that any model trains on it. The engine's
 * own kernels must be registered before; a second call does nothing.
 */
export function registerOps(engine: EngineName): void {
  if (done.has(engine)) return;
  done.add(engine);
  for (const kernel of replaced[engine]) registerKernel(engine, kernel);
  if (engine !== 'wasm') {
    // Their convolution gradients are right without dilation and explicit pads, and know neither.
    for (const kernel of convolutionKernels)
      registerFallback(engine, kernel, (attrs: ConvAttrs) => !isPlain(attrs));
  }
  if (engine === 'tensorflow') registerFallback(engine, dilatedDepthwise, isDilated);
  if (engine === 'wasm') registerFallback(engine, transposedMatMul, isTransposed);
  // Again for each engine: loading one may have registered tfjs-core's own gradients anew.
  for (const gradient of [...convolutionGradients, stridedSliceGradient, reluGradient])
    tf.registerGradient(gradient);
  trainDilatedFusedConvolutions();
  addTensorMethods();
}
