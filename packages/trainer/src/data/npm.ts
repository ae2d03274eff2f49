import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A package version on npm whose tarball is known beforehand. */
export interface PinnedPackage {
  /** name@version */
  readonly spec: string;
  /** Subresource-integrity string of the tarball. */
  readonly integrity: string;
}

/**
 * Unpacks some files of a package into a folder, through npm's own client: registry, proxy, certificates and
 * download cache are those of the user's npm configuration.
 * @param files paths inside the package, or which to take
 * @param onBytes told the bytes of the tarball so far
 * @throws when the package cannot be had or its tarball has another integrity
 */
export async function unpackPackage(
  { spec, integrity }: PinnedPackage,
  files: readonly string[] | ((path: string) => boolean),
  folder: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = typeof files === 'function' ? files : (path: string) => files.includes(path);
  // npm's client takes half a second to load, and what it is for is mostly there already.
  const [{ default: pacote }, { extract }] = await Promise.all([import('pacote'), import('tar')]);
  const options = { ...(await npmOptions()), integrity, signal };
  await pacote.tarball.stream(
    spec,
    async tarball => {
      // Called again after a corrupted copy in npm's cache: count and unpack from the start.
      let bytes = 0;
      tarball.on('data', (chunk: Uint8Array) => onBytes((bytes += chunk.length)));
      const unpack = extract({
        cwd: folder,
        strip: 1,
        strict: true,
        filter: path => wanted(path.slice(path.indexOf('/') + 1)),
      });
      await pipeline(tarball, unpack, { signal });
    },
    options,
  );
}

/** The user's npm configuration as npm's libraries take it. */
async function npmOptions(): Promise<Record<string, unknown>> {
  const [{ default: Config }, { default: npm }] = await Promise.all([
    import('@npmcli/config'),
    import('@npmcli/config/lib/definitions/index.js'),
  ]);
  const config = new Config({
    ...npm,
    // Where npm itself would lie; it only names the built-in configuration file, which may be absent.
    npmPath: dirname(dirname(process.execPath)),
    argv: [process.execPath, 'npm'],
    // Loading writes npm_config_* variables: into a copy, so that this process's environment stays as it is.
    env: { ...process.env },
    warn: false,
  });
  await config.load();
  return config.flat;
}
