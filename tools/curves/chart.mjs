const WIDTH = 720;
const HEIGHT = 420;
const BOX = { left: 70, right: 630, top: 44, bottom: 360 };
/** Told apart without colour vision (Okabe and Ito), legible on light and dark pages. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/**
 * Lines on two logarithmic axes, as SVG.
 * @param {{ title: string, x: string, y: string, lines: { name: string, points: [number, number][] }[] }} content
 *   points above 0, by ascending x
 * @returns {string}
 */
export function chart({ title, x, y, lines }) {
  const all = lines.flatMap(line => line.points);
  const xs = [...new Set(all.map(([at]) => at))].sort((a, b) => a - b);
  const [low, high] = decades(all.map(([, value]) => value));
  const across = scale(xs[0], xs[xs.length - 1], BOX.left, BOX.right);
  const up = scale(low, high, BOX.bottom, BOX.top);
  const labels = spread(lines.map(({ points }) => up(points[points.length - 1][1])));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    '<style>text { fill: #333 } .axis { stroke: #888; stroke-opacity: 0.35 } @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>',
    text(BOX.left, 22, title),
    ...xs.map(at => line(across(at), BOX.top, across(at), BOX.bottom)),
    ...xs.map(at => text(across(at), BOX.bottom + 20, at, 'middle')),
    ...ticks(low, high).map(at => line(BOX.left, up(at), BOX.right, up(at))),
    ...ticks(low, high).map(at => text(BOX.left - 8, up(at) + 4, at, 'end')),
    text((BOX.left + BOX.right) / 2, BOX.bottom + 46, x, 'middle'),
    `<text transform="translate(18 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
    ...lines.map(({ points }, i) => polyline(points, across, up, COLOURS[i % COLOURS.length])),
    ...lines.map(({ name }, i) => text(BOX.right + 10, labels[i] + 4, name)),
    ...lines.map(({ points }, i) => leader(up(points[points.length - 1][1]), labels[i], i)),
    '</svg>\n',
  ].join('\n');
}

/** Maps [from, to] logarithmically to [start, end]. */
function scale(from, to, start, end) {
  const width = Math.log(to / from) || 1;
  return value => start + ((end - start) * Math.log(value / from)) / width;
}

/** The decade-wise bounds of values: 1, 2 or 5 times a power of ten. */
function decades(values) {
  const steps = ticks(10 ** Math.floor(Math.log10(Math.min(...values))), 10 * Math.max(...values));
  const low = steps.filter(step => step <= Math.min(...values)).at(-1);
  return [low, steps.find(step => step >= Math.max(...values))];
}

/** 1, 2 and 5 times powers of ten between two bounds. */
function ticks(low, high) {
  const list = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
    for (const digit of [1, 2, 5]) {
      const value = Number((digit * 10 ** power).toPrecision(1));
      if (value >= low && value <= high) list.push(value);
    }
  return list;
}

/** Heights of labels, at least a line apart, in their order. */
function spread(heights) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const placed = [...heights];
  for (let i = 1; i < order.length; i++)
    placed[order[i]] = Math.max(placed[order[i]], placed[order[i - 1]] + 16);
  return placed;
}

function polyline(points, across, up, colour) {
  const list = points.map(([at, value]) => `${across(at).toFixed(1)},${up(value).toFixed(1)}`);
  const dots = list.map(point => {
    const [cx, cy] = point.split(',');
    return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
  });
  return `<polyline points="${list.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
}

/** From a line's end to its label. */
function leader(from, to, i) {
  const ends = `x1="${BOX.right}" y1="${from.toFixed(1)}" x2="${BOX.right + 8}" y2="${to.toFixed(1)}"`;
  return `<line ${ends} stroke="${COLOURS[i % COLOURS.length]}"/>`;
}

export function line(x1, y1, x2, y2) {
  const ends = [x1, y1, x2, y2].map(value => value.toFixed(1));
  return `<line class="axis" x1="${ends[0]}" y1="${ends[1]}" x2="${ends[2]}" y2="${ends[3]}"/>`;
}

export function text(x, y, content, anchor = 'start') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(String(content))}</text>`;
}

export function escaped(content) {
  return content.replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`);
}
