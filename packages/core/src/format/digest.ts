/**
 * The file's checksum, hex SHA-256 over these parts, each preceded by its byte length (8 bytes,
 * little-endian): the metadata strings but sha256 itself, by key in alphabetical order, in UTF-8; then the
 * data section. In Python: `sha256(b''.join(len(p).to_bytes(8, 'little') + p for p in parts)).hexdigest()`.
 * @throws Error where the platform has no WebCrypto
 */
export async function digestOf(
  metadata: Readonly<Record<string, string>>,
  data: readonly Uint8Array[],
): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle)
    throw new Error(
      'crypto.subtle is missing here; serve the page over https or from localhost, or use Node 20 or later',
    );
  const utf8 = new TextEncoder();
  const keys = Object.keys(metadata).filter(key => key !== 'sha256');
  const parts = keys.sort().flatMap(key => {
    const text = utf8.encode(metadata[key]);
    return [lengthPrefix(text.length), text];
  });
  parts.push(lengthPrefix(sum(data)), ...data);
  const message = new Uint8Array(sum(parts));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', message));
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}

function lengthPrefix(length: number): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(length), true);
  return prefix;
}
