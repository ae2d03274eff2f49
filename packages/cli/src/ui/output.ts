import Table from 'cli-table3';

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Prints the result: one JSON document with --json, else the text for people. */
export function print(result: unknown, options: OutputOptions, text: () => string): void {
  process.stdout.write(`${options.json ? JSON.stringify(result) : text()}\n`);
}

/** A message beside the result: on stderr, not with --quiet. */
export function note(message: string, options: OutputOptions): void {
  if (!options.quiet) process.stderr.write(`${message}\n`);
}

/** Plain columns; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map(
    (_, c) =>
      rows.length > 0 && rows.every(row => /^[-+]?[\d.,]+( ?(%|B|kB|MB|x))?$|^-?$/.test(String(row[c]))),
  );
  const made = new Table({
    head: [...head],
    colAligns: numeric.map(n => (n ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  made.push(...rows.map(row => row.map(String)));
  return made.toString();
}

export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Bytes in decimal units, as disks count them. */
export function bytes(count: number): string {
  if (count < 1e3) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return `${(count / 1e6).toFixed(2)} MB`;
}
