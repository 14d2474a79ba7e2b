// The figures of the last quarter of an hour as lines: one small drawing for each figure, with its newest value beside
// its name, and the value of another moment where the pointer is.

import { bytes, count, el, seconds, svg } from './dom.js';

/** As much is drawn as is kept, and at least so much, so that a host that has just started is no smear. */
const LEAST = 2 * 60 * 1000;
const MOST = 450;
const WIDTH = 300;
const HEIGHT = 100;
/** Beyond so much time between two samples there is a gap in the line. */
const GAP = 10_000;

const milliseconds = (value) => seconds(value / 1000);

/** Each drawing: its name, how a value is written, its lines, and what its unit is counted in. */
const CHARTS = [
  ['Connections', count, [['connections', '']]],
  ['Rooms in memory', count, [['rooms', '']]],
  ['Records per second', count, [['records_per_s', '']]],
  ['Deliveries per second', count, [['deliveries_per_s', '']]],
  ['Latency', milliseconds, [['p50_ms', 'p50 '], ['p99_ms', 'p99 ']]],
  ['Archive is behind', seconds, [['archive_lag_s', '']]],
  ['Journal', bytes, [['journal_bytes', '']], 1024],
  ['Memory', bytes, [['resident_bytes', '']], 1024],
];
const CLASSES = ['first', 'second'];

export class Charts {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.samples = [];
    this.drawings = CHARTS.map((chart) => new Drawing(this, ...chart));
    place.append(...this.drawings.map((drawing) => drawing.figure));
    addEventListener('resize', () => this.draw());
  }

  /** Takes all samples anew, or adds some. */
  add(samples, anew) {
    this.samples = [...(anew ? [] : this.samples), ...samples].slice(-MOST);
    this.draw();
  }

  /** The sample drawn nearest to a share of the width. */
  near(share) {
    const wanted = this.from() + share * this.span();
    const distance = (sample) => Math.abs(sample.at - wanted);
    return this.samples.reduce((best, sample) => (distance(sample) < distance(best) ? sample : best), this.samples[0]);
  }

  /** Where the drawings begin. */
  from() {
    return (this.samples.at(-1)?.at ?? Date.now()) - this.span();
  }

  /** How much time they show. */
  span() {
    return Math.max(LEAST, (this.samples.at(-1)?.at ?? 0) - (this.samples[0]?.at ?? 0));
  }

  draw() {
    for (const drawing of this.drawings) drawing.draw();
  }
}

class Drawing {
  constructor(charts, name, format, lines, unit = 1) {
    Object.assign(this, { name, format, lines, unit, charts, at: null });
    this.value = el('span', { class: 'value' });
    // The drawing is stretched, and letters in it would be too: what is written stands around it.
    this.scale = el('span');
    this.when = el('span');
    this.area = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', preserveAspectRatio: 'none' });
    this.figure = el('figure', { class: 'chart' },
      el('figcaption', {}, el('span', { class: 'name' }, name), this.value),
      this.area,
      el('p', { class: 'around' }, this.scale, this.when));
    this.area.addEventListener('pointermove', (event) => this.point(event));
    this.area.addEventListener('pointerleave', () => { this.at = null; this.draw(); });
  }

  point(event) {
    if (this.charts.samples.length === 0) return;
    const box = this.area.getBoundingClientRect();
    this.at = this.charts.near((event.clientX - box.left) / box.width);
    this.draw();
  }

  draw() {
    const { samples } = this.charts;
    const shown = this.at ?? samples.at(-1);
    const written = ([key, label]) => label + (shown?.[key] == null ? '–' : this.format(shown[key]));
    this.value.replaceChildren(...this.lines.map((line, at) =>
      el('span', this.lines.length > 1 ? { class: CLASSES[at] } : {}, written(line))));
    this.when.textContent = this.at ? new Date(this.at.at).toLocaleTimeString() : `last ${seconds(Math.round(this.charts.span() / 60000) * 60)}`;
    this.area.setAttribute('aria-label', `${this.name}: ${this.lines.map(written).join(', ')}`);
    const top = nice(Math.max(...samples.flatMap((sample) => this.lines.map(([key]) => sample[key] ?? 0)), 0), this.unit);
    const x = (sample) => ((sample.at - this.charts.from()) / this.charts.span()) * WIDTH;
    const y = (value) => HEIGHT - 2 - (value / top) * (HEIGHT - 4);
    this.area.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.area.replaceChildren(
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y(top), y2: y(top) }),
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y(0), y2: y(0) }),
      ...this.lines.map(([key], at) => svg('path', {
        class: `line ${CLASSES[at]}`, d: path(samples.filter((sample) => sample[key] != null), x, (sample) => y(sample[key])),
      })),
      ...(this.at ? [svg('line', { class: 'cross', x1: x(this.at), x2: x(this.at), y1: 0, y2: HEIGHT })] : []),
    );
    this.scale.textContent = `0 to ${this.format(top)}`;
  }
}

/** A line through the samples, broken where there were none. */
function path(samples, x, y) {
  let last = -Infinity;
  return samples.map((sample) => {
    const begun = sample.at - last <= GAP;
    last = sample.at;
    return `${begun ? 'L' : 'M'}${x(sample).toFixed(1)} ${y(sample).toFixed(1)}`;
  }).join('');
}

/** A number at or above `value` that is round in its unit, so that the scale does not tremble. */
function nice(value, unit) {
  if (value <= 0) return 1;
  const base = unit > 1 ? unit ** Math.max(0, Math.floor(Math.log(value) / Math.log(unit))) : 1;
  const power = base * 10 ** Math.floor(Math.log10(value / base));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
