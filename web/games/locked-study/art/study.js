//! The study, put together. `update` draws what the state says; nothing here is clickable (see `ui/stage.js`).

import { ellipse, group, rect, s } from './draw.js';
import { defs } from './palette.js';
import { door, pictures, room, casement } from './study-room.js';
import { cat, hearth } from './study-hearth.js';
import { bookcase, chair, desk } from './study-desk.js';
import { LETTERS } from '../puzzles.js';

/** @typedef {import('../rules.js').State} State */

export function study() {
  const parts = { door: door(), hearth: hearth(), desk: desk(), bookcase: bookcase() };
  const drawing = s('svg', { viewBox: '0 0 1600 900', 'aria-hidden': 'true', focusable: 'false', class: 'scene-art' },
    defs('st-'), room(), casement(), parts.door.drawing, pictures(), parts.hearth.drawing, parts.bookcase.drawing, chair(), cat(), parts.desk.drawing,
    group({ class: 'light' },
      ellipse(1226, 500, 460, 400, 'url(#st-warm)'), ellipse(750, 660, 520, 330, 'url(#st-warm)', { class: 'glow' }), ellipse(1100, 300, 240, 300, 'url(#st-cold)', { opacity: 0.5 }),
      rect(0, 0, 1600, 900, 'url(#st-vignette)')));
  return {
    drawing,
    /** @param {State} state */
    update(state) {
      const [hour = 0, minute = 0] = state.wheels.clock;
      parts.door.update(state.wheels.door.map((i) => LETTERS[i] ?? ''), state.items.key === 'fitted', state.items.knob === 'fitted');
      parts.hearth.update(hour + 1, minute * 5, Boolean(state.opened.bells), Boolean(state.opened.clock));
      parts.desk.update(state.wheels.drawer, Boolean(state.opened.drawer), state.items.moon === 'lying');
      parts.bookcase.update(state.books, Boolean(state.opened.passage));
    },
  };
}
