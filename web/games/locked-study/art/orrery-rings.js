//! The orrery seen from above, around 0,0 with a radius of 150: three rings with twelve notches, a body on each.

import { circle, group, label, line, path, rect, show, times } from './draw.js';
import { BRASS, INK } from './palette.js';
import { atHour, moonBody, ringedBody, stripedBody } from './glass.js';

/** The radius of each body's ring, innermost first. */
export const RINGS = [56, 90, 126];

/** @param {string} p prefix of the gradients */
export function orreryRings(p) {
  const bodies = [moonBody(15), stripedBody(17), ringedBody(16)];
  const pin = rect(-4, -4, 8, 8, BRASS.light, { stroke: INK });
  const arms = RINGS.map((radius, i) => {
    const body = group({}, ...(i === 0 ? [pin] : []), bodies[i] ?? pin);
    return { body, arm: line(`M0 0V${-radius}`, BRASS.mid, 5), radius };
  });
  const petals = group({}, ...times(8, (i) => path('M0 0C-14-18-12-36 0-46 12-36 14-18 0 0z', `url(#${p}brass)`, { transform: `rotate(${i * 45})`, stroke: BRASS.dark })));
  const drawing = group({},
    circle(0, 0, 158, '#1a1420', { opacity: 0.6 }), circle(0, 0, 150, 'none', { stroke: BRASS.dark, 'stroke-width': 8 }), circle(0, 0, 150, 'none', { stroke: BRASS.light, 'stroke-width': 2 }),
    ...RINGS.flatMap((radius) => [circle(0, 0, radius, 'none', { stroke: BRASS.dark, 'stroke-width': 7 }), circle(0, 0, radius, 'none', { stroke: BRASS.mid, 'stroke-width': 3 }),
      ...times(12, (i) => { const [x, y] = atHour(i, radius); return circle(x, y, 2.6, INK); })]),
    ...times(12, (i) => { const [x, y] = atHour(i + 1, 141); return label(x, y + 4.5, 13, BRASS.shine, String(i + 1)); }),
    ...arms.map(({ arm }) => arm), ...arms.map(({ body }) => body), petals, circle(0, 0, 24, `url(#${p}ball)`, { stroke: BRASS.dark }));
  return {
    drawing,
    /** @param {readonly number[]} hours 0 stands for one o'clock @param {boolean} withMoon @param {boolean} open */
    set(hours, withMoon, open) {
      arms.forEach(({ body, arm, radius }, i) => {
        const [x, y] = atHour((hours[i] ?? 0) + 1, radius);
        body.setAttribute('transform', `translate(${x} ${y})`);
        arm.setAttribute('d', `M0 0L${x} ${y}`);
      });
      show(bodies[0] ?? pin, withMoon);
      show(pin, !withMoon);
      show(petals, open);
    },
  };
}
