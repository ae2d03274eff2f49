import { chartVariables, declarations, escaped } from './charts/svg.js';

/** A picture with its title and the same values as a table. */
export interface Figure {
  readonly title: string;
  readonly svg: string;
  /** For those who do not see the picture, or want the numbers. */
  readonly table?: string;
  /** Beneath the picture. */
  readonly note?: string;
}

/** A table of plain text; the first column names its row. */
export function htmlTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cell = (tag: string, content: string | number, attribute = '') =>
    `<${tag}${attribute}>${escaped(String(content))}</${tag}>`;
  const body = rows.map(
    ([first, ...rest]) =>
      `<tr>${cell('th', first, ' scope="row"')}${rest.map(value => cell('td', value)).join('')}</tr>`,
  );
  return [
    `<div class="table" role="region" aria-label="${escaped(caption)}" tabindex="0"><table><caption>${escaped(caption)}</caption>`,
    `<thead><tr>${head.map(name => cell('th', name, ' scope="col"')).join('')}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody></table></div>`,
  ].join('\n');
}

export function figure({ title, svg, table, note }: Figure): string {
  return [
    `<figure><figcaption>${escaped(title)}</figcaption>`,
    svg,
    note ? `<p class="note">${escaped(note)}</p>` : '',
    table ? `<details><summary>as a table</summary>${table}</details>` : '',
    '</figure>',
  ].join('\n');
}

export function section(title: string, ...content: readonly string[]): string {
  return `<section><h2>${escaped(title)}</h2>\n${content.join('\n')}\n</section>`;
}

/** Figures side by side as far as there is room. */
export function grid(figures: readonly string[], size: 'large' | 'small' = 'large'): string {
  return `<div class="grid ${size}">\n${figures.join('\n')}\n</div>`;
}

/** A whole page in one file: no script, nothing from the network. */
export function page(title: string, intro: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(intro)}</p>
${body.join('\n')}
</main>
</body>
</html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;${declarations(chartVariables.light)}}
@media(prefers-color-scheme:dark){:root{--paper:#15181e;--card:#1d2129;${declarations(chartVariables.dark)}}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1rem clamp(.75rem,3vw,2rem) 3rem}
h1{font-size:1.6rem;line-height:1.2;margin:1rem 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--faint);overflow-wrap:anywhere}
h3{font-size:1rem;margin:1.75rem 0 .5rem}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));align-items:start}
.grid.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}
figure{margin:0;padding:.75rem;background:var(--card);border-radius:.5rem;min-width:0}
figcaption{font-weight:600;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto;margin:.5rem auto 0}
.note{margin:.25rem 0 0;font-size:.85rem}
details{margin-top:.5rem;font-size:.85rem}
summary{cursor:pointer}
.table{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.25rem 0;font-weight:600}
th,td{padding:.2rem .75rem .2rem 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--faint)}
th{font-weight:normal}
thead th{font-weight:600}
th:first-child{text-align:left}
`.trim();
