// The figures of the last quarter of an hour as lines: one small drawing for each figure, with its newest value beside
// its name, and the value of another moment where the pointer is.

import { bytes, count, el, seconds, svg } from './dom.js';

const SPAN = 15 * 60 * 1000;
const MOST = 450;
const WIDTH = 300;
const HEIGHT = 100;
/** Beyond so much time between two samples there is a gap in the line. */
const GAP = 10_000;

const milliseconds = (value) => seconds(value / 1000);

/** Each drawing: its name, how a value is written, and its lines. */
const CHARTS = [
  ['Connections', count, [['connections', '']]],
  ['Rooms in memory', count, [['rooms', '']]],
  ['Records per second', count, [['records_per_s', '']]],
  ['Deliveries per second', count, [['deliveries_per_s', '']]],
  ['Delivery takes', milliseconds, [['p50_ms', 'p50 '], ['p99_ms', 'p99 ']]],
  ['Archive is behind', seconds, [['archive_lag_s', '']]],
  ['Journal', bytes, [['journal_bytes', '']]],
  ['Memory', bytes, [['resident_bytes', '']]],
];
const CLASSES = ['first', 'second'];

export class Charts {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.samples = [];
    this.drawings = CHARTS.map((chart) => new Drawing(...chart, this));
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
    const wanted = this.from() + share * SPAN;
    const distance = (sample) => Math.abs(sample.at - wanted);
    return this.samples.reduce((best, sample) => (distance(sample) < distance(best) ? sample : best), this.samples[0]);
  }

  /** Where the drawings begin. */
  from() {
    return (this.samples.at(-1)?.at ?? Date.now()) - SPAN;
  }

  draw() {
    for (const drawing of this.drawings) drawing.draw();
  }
}

class Drawing {
  constructor(name, format, lines, charts) {
    Object.assign(this, { name, format, lines, charts, at: null });
    this.value = el('span', { class: 'value' });
    this.when = el('span', { class: 'name' });
    this.area = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', preserveAspectRatio: 'none' });
    this.figure = el('figure', { class: 'chart' },
      el('figcaption', {}, el('span', { class: 'name' }, name), this.value), this.area, this.when);
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
    this.when.textContent = this.at ? new Date(this.at.at).toLocaleTimeString() : '';
    this.area.setAttribute('aria-label', `${this.name}: ${this.lines.map(written).join(', ')}`);
    const top = nice(Math.max(...samples.flatMap((sample) => this.lines.map(([key]) => sample[key] ?? 0)), 0));
    const x = (sample) => ((sample.at - this.charts.from()) / SPAN) * WIDTH;
    const y = (value) => HEIGHT - 12 - (value / top) * (HEIGHT - 26);
    this.area.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.area.replaceChildren(
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y(top), y2: y(top) }),
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y(0), y2: y(0) }),
      ...this.lines.map(([key], at) => svg('path', {
        class: `line ${CLASSES[at]}`, d: path(samples.filter((sample) => sample[key] != null), x, (sample) => y(sample[key])),
      })),
      ...(this.at ? [svg('line', { class: 'cross', x1: x(this.at), x2: x(this.at), y1: 0, y2: HEIGHT })] : []),
    );
    this.label(this.format(top));
  }

  /** The scale is written beside the drawing, which is stretched, and its letters would be too. */
  label(top) {
    if (!this.scale) {
      this.scale = el('span', { class: 'name scale' });
      this.figure.firstChild.append(this.scale);
    }
    this.scale.textContent = `up to ${top}`;
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

/** A round number at or above `value`, so that the scale does not tremble. */
function nice(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
