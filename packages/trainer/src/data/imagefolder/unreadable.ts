/** Names that a warning gives. */
const NAMED = 3;

/** Without what a name may do to a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** Pictures that could not be read: all are counted, the first are named. */
export class Unreadable {
  private readonly paths = new Set<string>();
  private readonly first: string[] = [];

  note(path: string, reason: string): void {
    if (this.paths.has(path)) return;
    this.paths.add(path);
    if (this.first.length < NAMED) this.first.push(`${path} (${reason})`);
  }

  /** The pictures noted since the last call, in one line; none where there are none. */
  takeWarnings(): string[] {
    const count = this.paths.size;
    if (count === 0) return [];
    const named = printable(this.first.join(', '));
    const more = count > this.first.length ? ` and ${count - this.first.length} more` : '';
    this.paths.clear();
    this.first.length = 0;
    return [
      `${count} ${count === 1 ? 'picture' : 'pictures'} could not be read and ${count === 1 ? 'was' : 'were'} left out: ${named}${more}`,
    ];
  }
}
