import { COLOURS, escaped, line, text } from './chart.mjs';

const PANEL = { width: 330, height: 230, left: 50, top: 48, gap: 70 };

/**
 * Panels of lines on linear axes side by side, as SVG.
 * @param {{ title: string, panels: { title: string, x: string, lines: { name: string, faint?: boolean, points: [number, number][] }[] }[] }} content
 *   points by ascending x
 * @returns {string}
 */
export function panels({ title, panels }) {
  const width = PANEL.left + panels.length * (PANEL.width + PANEL.gap);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.top + PANEL.height + 80}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    '<style>text { fill: #333 } .axis { stroke: #888; stroke-opacity: 0.35 } @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>',
    text(PANEL.left, 20, title),
    ...panels.flatMap((panel, i) => drawn(panel, PANEL.left + i * (PANEL.width + PANEL.gap))),
    '</svg>\n',
  ].join('\n');
}

function drawn({ title, x, lines }, left) {
  const { width, height, top } = PANEL;
  const all = lines.flatMap(({ points }) => points);
  const [xTicks, yTicks] = [ticks(all.map(p => p[0])), ticks(all.map(p => p[1]))];
  const across = scale(xTicks, left, left + width);
  const up = scale(yTicks, top + height, top);
  return [
    text(left, top - 8, title),
    ...xTicks.map(at => line(across(at), top, across(at), top + height)),
    ...yTicks.map(at => line(left, up(at), left + width, up(at))),
    ...xTicks.map(at => text(across(at), top + height + 18, at, 'middle')),
    ...yTicks.map(at => text(left - 6, up(at) + 4, at, 'end')),
    text(left + width / 2, top + height + 38, x, 'middle'),
    ...lines.map(({ points, faint }, i) => {
      const list = points.map(p => `${across(p[0]).toFixed(1)},${up(p[1]).toFixed(1)}`).join(' ');
      const style = faint
        ? 'stroke="#888" stroke-dasharray="4 4"'
        : `stroke="${colour(lines, i)}" stroke-width="2"`;
      return `<polyline points="${list}" fill="none" ${style}/>`;
    }),
    ...legend(lines, left, top + height + 62),
  ];
}

/** The colour of a line among those that are not faint. */
function colour(lines, i) {
  return COLOURS[lines.slice(0, i).filter(({ faint }) => !faint).length % COLOURS.length];
}

function legend(lines, left, y) {
  let at = left;
  return lines.flatMap(({ name, faint }, i) => {
    const stroke = faint ? '#888' : colour(lines, i);
    const entry = [
      `<line x1="${at}" y1="${y - 4}" x2="${at + 16}" y2="${y - 4}" stroke="${stroke}" stroke-width="2"/>`,
      text(at + 21, y, name),
    ];
    at += 34 + 7.5 * name.length;
    return entry;
  });
}

/** Five to ten round numbers that enclose the values. */
function ticks(values) {
  const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)];
  const raw = (high - low || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(digit => digit * power).find(size => size >= raw);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** Maps the range of ticks to [start, end]. */
function scale(marks, start, end) {
  const [from, to] = [marks[0], marks[marks.length - 1]];
  return value => start + ((end - start) * (value - from)) / (to - from);
}
