import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { compileAddon, noCompiler } from './compileAddon.js';
import { wheel } from './pins.js';
import { checkSha256, notLinuxX64, run, type Source } from './source.js';

/** TensorFlow's shared libraries in the wheel, and the name each is linked by. */
const libraries = {
  'libtensorflow_cc.so.2': 'libtensorflow.so',
  'libtensorflow_framework.so.2': 'libtensorflow_framework.so',
};

/** Folders of the wheel's headers that the C interface includes. */
const headers = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'];

/** Unpacks the libraries (argument 2) and the headers (argument 3) of the wheel (argument 1). */
const unzip = `
import json, os, shutil, sys, zipfile
wheel, lib, include, libraries, headers = sys.argv[1:4] + [json.loads(a) for a in sys.argv[4:6]]
def unpack(name, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with archive.open(name) as source, open(path, 'wb') as target:
        shutil.copyfileobj(source, target, 1 << 20)
with zipfile.ZipFile(wheel) as archive:
    for name in libraries:
        unpack('tensorflow/' + name, os.path.join(lib, name))
    prefixes = tuple('tensorflow/include/' + folder for folder in headers)
    for name in archive.namelist():
        if name.startswith(prefixes) and name.endswith('.h'):
            unpack(name, os.path.join(include, name[len('tensorflow/include/'):]))
`;

/** TensorFlow 2.21 from the Python package index: the newest library, with oneDNN; 274 MB to fetch, 850 MB kept. */
export const officialWheel: Source = {
  name: wheel.requirement,

  async unavailable() {
    const platform = notLinuxX64();
    if (platform) return platform;
    try {
      await run('python3', ['-m', 'pip', '--version']);
    } catch {
      return 'needs `python3 -m pip`, which does not run';
    }
    return noCompiler();
  },

  async obtain(context) {
    const { root, scratch, onProgress } = context;
    const [lib, include] = [join(root, 'deps', 'lib'), join(scratch, 'include')];
    onProgress(`fetching ${wheel.requirement} with pip (274 MB)`);
    const { python, abi, platform } = wheel.target;
    await run('python3', [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--dest', scratch],
      ...['--python-version', python, '--implementation', 'cp', '--abi', abi, '--platform', platform],
      wheel.requirement,
    ]);
    const file = join(scratch, wheel.file);
    await checkSha256(file, wheel.sha256);
    onProgress('unpacking its libraries (850 MB)');
    await mkdir(lib, { recursive: true });
    const lists = [Object.keys(libraries), headers].map(list => JSON.stringify(list));
    await run('python3', ['-c', unzip, file, lib, include, ...lists]);
    await rm(file);
    for (const [library, link] of Object.entries(libraries)) await symlink(library, join(lib, link));
    await compileAddon(context, include);
  },
};
