import { InputError } from '@apb/core';
import { chunksOf } from './chunks.js';
import type { Incoming } from './source.js';

/** @throws InputError when nothing answers; the signal's reason when it fires */
export async function fetched(url: URL | string, signal?: AbortSignal): Promise<Incoming> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${url} cannot be loaded (${reason}); check the address, the connection and, for another origin, ` +
        'that its server allows this page (CORS)',
      { cause: error },
    );
  }
  return answered(response, String(url), signal);
}

/**
 * A server's answer, its body still to come.
 * @throws InputError when it is not a file
 */
export async function answered(
  response: Response,
  name: string = response.url || 'the response',
  signal?: AbortSignal,
): Promise<Incoming> {
  const problem = whyNoFile(response);
  if (problem) {
    if (!response.bodyUsed) await response.body?.cancel();
    throw new InputError(`${name} ${problem}`);
  }
  const length = response.headers.get('content-length');
  // A compressed body has another length than the file inside.
  const known = length !== null && /^\d+$/.test(length) && !response.headers.get('content-encoding');
  return {
    name,
    ...(known && { total: Number(length) }),
    chunks: response.body ? chunksOf(response.body, signal) : (async function* () {})(),
  };
}

function whyNoFile(response: Response): string | undefined {
  if (response.type.startsWith('opaque'))
    return "may not be read by this page: it was fetched in mode 'no-cors' or with manual redirects; use mode 'cors'";
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    return `is not there: the server answers ${status}; check the address and that this page may read it`;
  }
  if (response.bodyUsed) return 'has been read already; give a response whose body nobody has read';
  if (/^(text\/html|application\/xhtml)/i.test(response.headers.get('content-type') ?? '')) return WEB_PAGE;
  return undefined;
}

/** Servers of single-page applications answer every address with their page and status 200. */
export const WEB_PAGE = 'is a web page, not a model file; check the address, which the server may not know';
