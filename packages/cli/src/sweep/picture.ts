import { paretoChart } from '../report/charts/pareto.js';
import { chartVariables, declarations, drawn } from '../report/charts/svg.js';
import { figure, htmlTable, page, section } from '../report/page.js';
import { bytes, percent } from '../ui/output.js';
import type { GroupResult, RunResult, Spread } from './results.js';

/** Columns of the table that ends a sweep. */
export const HEAD = ['method', 'activations', 'setting', 'runs', 'top-1', 'bits/weight', 'file', 'front'];

/** A row a group, as text. */
export function rowOf(g: GroupResult): string[] {
  const { activations: _, weights: __, ...setting } = g.grid;
  return [
    g.method,
    String(g.activations),
    Object.entries(setting)
      .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(', ') || '-',
    g.done === g.runs ? String(g.runs) : `${g.done} of ${g.runs}`,
    spread(g.top1, x => (100 * x).toFixed(2), ' %'),
    spread(g.bitsPerWeight, x => x.toFixed(3)),
    bytes(Math.round(g.fileBytes.mean)),
    g.pareto ? 'yes' : '-',
  ];
}

function spread({ mean, std }: Spread, show: (x: number) => string, unit = ''): string {
  return `${show(mean)}${std === null ? '' : ` ± ${show(std)}`}${unit}`;
}

/** Top-1 against bytes as a picture that stands alone, and within a page beside the table. */
export async function pictures(
  groups: readonly GroupResult[],
  results: readonly RunResult[],
): Promise<{ svg: string; html: string }> {
  const front = groups
    .filter(g => g.pareto)
    .map(g => `${g.group} (${percent(g.top1.mean)}, ${bytes(Math.round(g.fileBytes.mean))})`);
  const svg = await drawn(
    paretoChart(
      groups.map(g => ({
        name: g.method,
        series: g.weights,
        activations: `${g.activations}-bit activations`,
        bytes: g.fileBytes.mean,
        top1: g.top1.mean,
        std: g.top1.std ?? 0,
        pareto: g.pareto,
      })),
    ),
    `Top-1 against bytes of ${groups.length} settings. On the Pareto front: ${front.join('; ')}`,
  );
  const table = htmlTable('Mean and standard deviation over seeds', HEAD, groups.map(rowOf));
  const failed = results.filter(r => r.status === 'failed');
  const html = page(
    'Sweep: top-1 against bytes',
    `Made by apb sweep from ${results.length} runs. Bytes are those of the model file; the dashed line joins the settings that no other beats in both.`,
    [
      figure({ title: 'Top-1 against bytes', svg, note: 'Bars are one standard deviation over seeds.' }),
      section('Settings', table),
      failed.length === 0
        ? ''
        : section(
            'Failed',
            htmlTable(
              'Failed runs',
              ['run', 'reason'],
              failed.map(r => [r.name, r.error ?? '']),
            ),
          ),
    ],
  );
  return { svg: standalone(svg), html };
}

/** With the colours that a page would give. */
function standalone(svg: string): string {
  const style = `<style>:root{${declarations(chartVariables.light)}}@media(prefers-color-scheme:dark){:root{${declarations(chartVariables.dark)}}}</style>`;
  return `${svg.replace('</title>', `</title>${style}`)}\n`;
}
