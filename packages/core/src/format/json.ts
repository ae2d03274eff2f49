import { InputError } from '../errors.js';
import { show } from './schema.js';

/** Far deeper than any document of the format, far from any engine's recursion limit. */
const MAX_DEPTH = 32;

/**
 * Parses JSON from an untrusted source. Beyond the grammar it refuses what JSON.parse lets pass: nesting
 * deeper than 32, and a key given twice (the last would silently win).
 * @throws InputError naming `what`
 */
export function parseJson(text: string, what: string): unknown {
  try {
    // First, because JSON.parse takes memory for every level.
    checkStructure(text, what);
    return JSON.parse(text);
  } catch (e) {
    if (e instanceof SyntaxError) throw new InputError(`${what} is not valid JSON`);
    throw e;
  }
}

/** One pass over text that JSON.parse has yet to judge: any text passes through without harm. */
function checkStructure(text: string, what: string): void {
  const keysByDepth: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      if (keysByDepth.push(new Set()) > MAX_DEPTH)
        throw new InputError(`${what} nests deeper than ${MAX_DEPTH}`);
    } else if (c === '}' || c === ']') {
      keysByDepth.pop();
    } else if (c === '"') {
      const start = i;
      i = endOfString(text, i);
      const token = text.slice(start, i + 1);
      while (i + 1 < text.length && ' \t\n\r'.includes(text[i + 1])) i++;
      if (text[i + 1] !== ':') continue;
      const key = JSON.parse(token) as string;
      const keys = keysByDepth.at(-1);
      if (keys?.has(key)) throw new InputError(`${what} has the key ${show(key)} twice`);
      keys?.add(key);
    }
  }
}

/** Index of the quote that closes the string opened at `start`, or of the text's end. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

/**
 * The one JSON text of a value: keys sorted by UTF-16 code units, no spaces, undefined fields left out, -0
 * kept (JSON.stringify writes 0). Numbers are the shortest decimals that read back to the same float64.
 */
export function toJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, v]) => v !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, v]) => `${JSON.stringify(key)}:${toJson(v)}`).join(',')}}`;
  }
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}
