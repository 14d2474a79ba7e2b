//! The round of coloured glass: a sun, three bodies and twelve studs. Drawn around 0,0 with a radius of 90.

import { circle, ellipse, group, line, path, times } from './draw.js';

const LEAD = '#171a20';

/** Where an hour stands on a circle. @param {number} hour @param {number} radius @returns {[number, number]} */
export function atHour(hour, radius) {
  const angle = (hour / 12) * 2 * Math.PI;
  return [Math.sin(angle) * radius, -Math.cos(angle) * radius];
}

/** The crescent moon. @param {number} r */
export const moonBody = (r) => group({}, circle(0, 0, r, '#e9e4d2'), path(`M0 ${-r}A${r} ${r} 0 0 1 0 ${r}A${r * 1.5} ${r * 1.5} 0 0 0 0 ${-r}`, '#2c3346'));

/** The striped planet. @param {number} r */
export const stripedBody = (r) => group({}, circle(0, 0, r, '#d98a55'),
  line(`M${-r * 0.86} ${-r * 0.45}H${r * 0.86}M${-r} 0H${r}M${-r * 0.86} ${r * 0.45}H${r * 0.86}`, '#6b2f1c', r * 0.2));

/** The ringed planet. @param {number} r */
export const ringedBody = (r) => group({}, circle(0, 0, r * 0.8, '#6fb0a6'), ellipse(0, 0, r * 1.55, r * 0.42, 'none', { stroke: '#f0e2b4', 'stroke-width': r * 0.22, transform: 'rotate(-18)' }));

/** @type {[number, number, (r: number) => SVGElement][]} hour, radius of the ring, drawing */
const STAND = [[11, 36, moonBody], [7, 56, stripedBody], [2, 76, ringedBody]];

export function glassRound() {
  const shades = ['#24507a', '#2f6f8a', '#1d3f6b', '#3a5aa0'];
  const wedge = (/** @type {number} */ i, /** @type {number} */ inner, /** @type {number} */ outer) => {
    const [[a, b], [c, d], [e, f], [g, h]] = [atHour(i, inner), atHour(i, outer), atHour(i + 1, outer), atHour(i + 1, inner)];
    return `M${a} ${b}L${c} ${d}A${outer} ${outer} 0 0 1 ${e} ${f}L${g} ${h}A${inner} ${inner} 0 0 0 ${a} ${b}`;
  };
  return group({},
    circle(0, 0, 96, '#3a2416'), circle(0, 0, 92, LEAD),
    ...[[22, 46], [46, 66], [66, 88]].flatMap(([inner = 0, outer = 0], ring) => times(12, (i) =>
      path(wedge(i, inner, outer), shades[(i * 5 + ring * 3) % 4] ?? '#24507a', { stroke: LEAD, 'stroke-width': 1.6, opacity: 0.94 }))),
    ...[36, 56, 76].map((r) => circle(0, 0, r, 'none', { stroke: '#c8d8f0', 'stroke-width': 0.8, opacity: 0.45 })),
    circle(0, 0, 22, '#f3b33d', { stroke: LEAD, 'stroke-width': 2 }), ...times(12, (i) => { const [x, y] = atHour(i, 21); return line(`M${x * 0.55} ${y * 0.55}L${x} ${y}`, '#a85a12', 1.6); }), circle(0, 0, 10, '#ffe08a', { stroke: LEAD, 'stroke-width': 1.4 }),
    ...STAND.map(([hour, radius, body]) => { const [x, y] = atHour(hour, radius); return group({ transform: `translate(${x} ${y})` }, circle(0, 0, 11.5, LEAD), body(9.5)); }),
    ...times(12, (i) => { const [x, y] = atHour(i, 90); return circle(x, y, i % 3 ? 2.6 : 4, '#8e97a8', { stroke: LEAD }); }),
  );
}
