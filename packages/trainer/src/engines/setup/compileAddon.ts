import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeHeadersPackage } from './pins.js';
import { run, type SetupContext, unpack } from './source.js';

const compiler = process.env.CXX ?? 'c++';

/** @returns why nothing can be compiled, or undefined */
export async function noCompiler(): Promise<string | undefined> {
  try {
    await run(compiler, ['--version']);
    return undefined;
  } catch {
    return `needs a C++ compiler, and \`${compiler}\` does not run (install g++ or set CXX)`;
  }
}

/**
 * Compiles the native half of tfjs-node against the library in `deps/lib`. It is two files that use Node's C
 * interface and TensorFlow's, so one compiler call does what its node-gyp project does.
 * @param includeDir folder that holds tensorflow/c/c_api.h
 */
export async function compileAddon(context: SetupContext, includeDir: string): Promise<void> {
  const { root, scratch, onProgress } = context;
  const headers = join(scratch, 'node-api-headers');
  await mkdir(headers);
  await unpack(nodeHeadersPackage, headers, context, path => path.startsWith('include/'));
  onProgress('compiling the native half of tfjs-node');
  const addon = join(root, 'lib', 'napi-v8', 'tfjs_binding.node');
  await mkdir(dirname(addon), { recursive: true });
  await run(compiler, [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...[join(headers, 'include'), includeDir].map(folder => `-I${folder}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map(file => join(root, 'binding', file)),
    ...[`-L${join(root, 'deps', 'lib')}`, '-ltensorflow', '-ltensorflow_framework'],
    ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-o', addon],
  ]);
}
