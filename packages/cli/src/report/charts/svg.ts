import type { TopLevelSpec } from 'vega-lite';

/** A chart without data of its own look: the page's colours are CSS variables, so that it follows light and dark. */
export type ChartSpec = Omit<TopLevelSpec, '$schema' | 'config'>;

/** Told apart without colour vision (Okabe and Ito, 2008); lighter ones on dark pages. */
const COLOURS = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7'];

/** The variables that charts use, for a style sheet. */
export const chartVariables = {
  light: {
    '--ink': '#2b2f36',
    '--faint': '#d9dde3',
    '--band': '#0072b21f',
    ...palette(['#0072b2', '#d55e00', '#009e73', '#b0508a', '#a87900', '#7b4a3a', '#555b66']),
  },
  dark: {
    '--ink': '#d8dde6',
    '--faint': '#3a414d',
    '--band': '#56b4e926',
    ...palette(['#56b4e9', '#ff8f4d', '#2fc79a', '#e59fc8', '#f0c63c', '#c79f8f', '#a3abb8']),
  },
};

/**
 * Draws a chart as SVG with a description for those who do not see it. Needs no DOM. The library is loaded at the
 * first chart: other commands start without it.
 */
export async function drawn(spec: ChartSpec, description: string): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = compile({ ...spec, config: CONFIG } as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    const [width, height] = ['width', 'height'].map(
      side => svg.match(new RegExp(`<svg[^>]* ${side}="(\\d+)`))?.[1],
    );
    return svg.replace(
      /^<svg[^>]*>/,
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" style="max-width:${width}px"><title>${escaped(description)}</title>`,
    );
  } finally {
    view.finalize();
  }
}

/** Text inside of HTML and SVG, attributes too. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
}

/** The variables as declarations of a style sheet. */
export function declarations(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

function palette(colours: readonly string[]): Record<string, string> {
  return Object.fromEntries(COLOURS.map((name, i) => [name, colours[i]]));
}

const CONFIG = {
  background: 'transparent',
  aria: false,
  font: 'system-ui, sans-serif',
  view: { stroke: 'transparent' },
  range: { category: COLOURS.map(name => `var(${name})`) },
  axis: {
    labelColor: 'var(--ink)',
    titleColor: 'var(--ink)',
    titleFontWeight: 'normal',
    gridColor: 'var(--faint)',
    domainColor: 'var(--faint)',
    tickColor: 'var(--faint)',
    labelFontSize: 12,
    titleFontSize: 12,
    labelLimit: 220,
  },
  legend: {
    labelColor: 'var(--ink)',
    titleColor: 'var(--ink)',
    labelFontSize: 12,
    labelLimit: 300,
    orient: 'top',
    title: null,
    symbolStrokeWidth: 3,
  },
  line: { strokeWidth: 2 },
} as const;
