//! The observatory, put together. `update` draws what the state says; nothing here is clickable (see `ui/stage.js`).

import { ellipse, group, path, rect, s } from './draw.js';
import { defs } from './palette.js';
import { archway, bench, chart, dome } from './observatory-dome.js';
import { logbook, orrery, telescope } from './observatory-instruments.js';

/** @typedef {import('../rules.js').State} State */

export function observatory() {
  const parts = { telescope: telescope(), orrery: orrery() };
  const drawing = s('svg', { viewBox: '0 0 1600 900', 'aria-hidden': 'true', focusable: 'false', class: 'scene-art' },
    defs('ob-'), dome(), archway(), chart(), bench(), path('M760 420L560 900h760L1160 420z', '#a9c4ff', { opacity: 0.07 }), parts.orrery.drawing, logbook(), parts.telescope.drawing,
    group({ class: 'light' }, ellipse(950, 260, 420, 460, 'url(#ob-cold)'), rect(0, 0, 1600, 900, 'url(#ob-vignette)')));
  return {
    drawing,
    /** @param {State} state */
    update(state) {
      parts.telescope.update(state.wheels.star[1] ?? 0, state.items.eyepiece === 'fitted');
      parts.orrery.update(state.wheels.orrery, state.items.moon === 'fitted', Boolean(state.opened.orrery));
    },
  };
}
