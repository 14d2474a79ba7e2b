//! Where the others point, and where they are. Positions travel as signals: they are neither ordered nor kept.

import { h, setText } from './dom.js';
import { line, path, s } from '../art/draw.js';
import { VIEWS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../game.js').Game} Game
 * @typedef {{v: import('../puzzles.js').View, p: string | null, x: number | null, y: number | null}} Whereabouts
 */

/** Where each member was last seen, for the list of people too. @type {WeakMap<Game, Map<string, Whereabouts>>} */
const seen = new WeakMap();

/** @param {Game} game @param {string} id @returns {Whereabouts | undefined} */
export const whereabouts = (game, id) => seen.get(game)?.get(id);

/** @param {Game} game */
export function cursors(game) {
  /** @type {Map<string, Whereabouts>} */
  const where = new Map();
  seen.set(game, where);
  const layer = h('div', { class: 'cursors', 'aria-hidden': 'true' });
  const arrows = new Arrows(game, layer);
  /** @type {Whereabouts} */
  let mine = { v: game.view, p: null, x: null, y: null };
  const tellMine = () => game.room.signal('cursor', mine);

  game.room.on('signal', ({ from, key, body }) => {
    const at = key === 'cursor' ? readWhereabouts(body) : null;
    if (!at || from === game.room.me) return;
    const before = where.get(from);
    where.set(from, at);
    if (before && before.v === at.v && before.p === at.p) arrows.draw(from, at);
    else game.tellListeners();
  });
  let others = '';
  game.room.on('members', (members) => {
    const online = members.filter((member) => member.online).map((member) => member.id).join();
    for (const id of where.keys()) if (!online.includes(id)) where.delete(id);
    // Whoever has just come cannot know where the rest of us are.
    if (online !== others) tellMine();
    others = online;
  });

  return {
    /** @param {HTMLElement} area the surface that positions are measured on */
    follow(area) {
      area.append(layer);
      area.addEventListener('pointermove', (event) => {
        const surface = frame(area);
        place(layer, surface);
        const box = area.getBoundingClientRect();
        const x = (event.clientX - box.left - surface.left) / surface.width;
        const y = (event.clientY - box.top - surface.top) / surface.height;
        if (x < 0 || x > 1 || y < 0 || y > 1) return;
        mine = { ...mine, x: Math.round(x * 1000) / 1000, y: Math.round(y * 1000) / 1000 };
        tellMine();
      });
    },
    /** This player looks at something else now. */
    moved() {
      mine = { v: game.view, p: game.panel, x: null, y: null };
      tellMine();
    },
    update() {
      const area = layer.parentElement;
      if (area) place(layer, frame(area));
      for (const id of new Set([...where.keys(), ...arrows.known()])) arrows.draw(id, where.get(id));
    },
    companions: () => {
      if (game.panel === null) return '';
      const names = [...where].filter(([, at]) => alike(game, at)).map(([id]) => game.name(id));
      return names.length ? text.views.looking(names.join(', ')) : '';
    },
  };
}

/** Whether somebody looks at what this player looks at. @param {Game} game @param {Whereabouts} at */
const alike = (game, at) => at.v === game.view && at.p === game.panel;

/** The others' arrows, one for each member that ever pointed. */
class Arrows {
  /** @param {Game} game @param {HTMLElement} layer */
  constructor(game, layer) {
    this.game = game;
    this.layer = layer;
    /** @type {Map<string, HTMLElement>} */
    this.byMember = new Map();
  }

  known() {
    return this.byMember.keys();
  }

  /** @param {string} id @param {Whereabouts | undefined} at */
  draw(id, at) {
    const member = this.game.room.member(id);
    const arrow = this.byMember.get(id) ?? this.make(id);
    const shown = at !== undefined && member !== undefined && member.online && alike(this.game, at) && at.x !== null && at.y !== null;
    arrow.hidden = !shown;
    if (!shown) return;
    arrow.style.left = `${(at.x ?? 0) * 100}%`;
    arrow.style.top = `${(at.y ?? 0) * 100}%`;
    arrow.style.setProperty('--theirs', member.colour);
    setText(arrow.lastElementChild ?? arrow, member.name);
  }

  /** @param {string} id */
  make(id) {
    const arrow = h('div', { class: 'cursor', hidden: true });
    arrow.append(s('svg', { viewBox: '0 0 24 28', width: 22, height: 26 }, path('M2 2l18 12-8 2-4 9z', 'currentColor'), line('M2 2l18 12-8 2-4 9z', '#0b0f14', 1.6)), h('span', {}));
    this.byMember.set(id, arrow);
    this.layer.append(arrow);
    return arrow;
  }
}

/** What is on top in the area, relative to it: everybody's pointer is a fraction of the same picture. @param {HTMLElement} area */
function frame(area) {
  const outer = area.getBoundingClientRect();
  const top = area.querySelector('.closeup:not([hidden])') ?? area.querySelector('.scene-frame:not([hidden]) .scene') ?? area;
  const box = top.getBoundingClientRect();
  return { left: box.left - outer.left, top: box.top - outer.top, width: Math.max(1, box.width), height: Math.max(1, box.height) };
}

/** @param {HTMLElement} layer @param {{left: number, top: number, width: number, height: number}} box */
function place(layer, { left, top, width, height }) {
  Object.assign(layer.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

/** @param {any} body @returns {Whereabouts | null} */
function readWhereabouts(body) {
  const v = VIEWS.find((view) => view === body?.v);
  if (!v) return null;
  const share = (/** @type {unknown} */ value) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : null);
  return { v, p: typeof body.p === 'string' ? body.p.slice(0, 24) : null, x: share(body.x), y: share(body.y) };
}
