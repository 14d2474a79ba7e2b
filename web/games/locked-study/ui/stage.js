//! The stage: the two views with their hotspots, and the close-up of what a player has stepped up to.

import { button, h, setText } from './dom.js';
import { cursors } from './cursors.js';
import * as reading from './reading.js';
import * as working from './working.js';
import { study } from '../art/study.js';
import { observatory } from '../art/observatory.js';
import { VIEWS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../game.js').Game} Game
 * @typedef {import('../puzzles.js').View} View
 * @typedef {import('../puzzles.js').Item} Item
 * @typedef {import('./reading.js').Panel} Panel
 * @typedef {keyof typeof text.spots} Spot
 */

/** Where the hotspots are: x, y, width and height on drawings of 1600 by 900. In the order of the Tab key. */
const SPOTS = /** @type {Record<View, [Spot, number, number, number, number][]>} */ ({
  study: [
    ['letter', 1036, 536, 60, 66], ['moon', 970, 524, 64, 68], ['diary', 1100, 536, 92, 60], ['drawer', 1000, 604, 236, 92], ['bookcase', 1300, 50, 290, 690], ['passage', 1306, 50, 280, 690],
    ['portrait', 356, 88, 196, 290], ['table', 374, 388, 160, 148], ['bells', 574, 84, 352, 164], ['clock', 660, 262, 180, 180], ['fire', 640, 486, 220, 240], ['cat', 632, 726, 190, 100], ['glass', 1004, 92, 192, 192], ['door', 52, 150, 272, 572],
  ],
  observatory: [
    ['chart', 292, 90, 332, 346], ['orrery', 296, 470, 350, 360], ['telescope', 690, 300, 470, 520], ['logbook', 1206, 556, 180, 270], ['bench', 1408, 596, 184, 220], ['slit', 760, 20, 380, 250], ['arch', 30, 362, 224, 390],
  ],
});

/** What stepping up to a hotspot opens. The rest only say something. */
const PANELS = /** @type {Partial<Record<string, (game: Game) => Panel>>} */ ({
  letter: reading.letter, diary: reading.diary, logbook: reading.logbook, bench: reading.bench, portrait: reading.portraitPanel,
  table: reading.starTable, glass: reading.glass, chart: reading.chart, passage: reading.passage,
  bookcase: working.bookcase, bells: working.bells, drawer: working.drawer, telescope: working.telescope, orrery: working.orrery, clock: working.clock, door: working.door,
});

/** Which hotspots are there at all. @type {Partial<Record<Spot, (state: import('../rules.js').State) => boolean>>} */
const THERE = {
  moon: (state) => state.items.moon === 'lying',
  bookcase: (state) => !state.opened.passage,
  passage: (state) => Boolean(state.opened.passage),
};

/** @param {Game} game */
export function stage(game) {
  const scenes = { study: scene(game, 'study', study()), observatory: scene(game, 'observatory', observatory()) };
  const pointers = cursors(game);
  const closeup = closeUp(game, pointers.companions);
  const narration = h('p', { class: 'narration', 'aria-hidden': 'true' });
  game.onTold(({ kind, words }) => {
    setText(narration, words);
    narration.className = `narration ${kind}`;
  });
  const stack = h('div', { class: 'stack' }, scenes.study.element, scenes.observatory.element, closeup.element);
  const nav = navigation(game);
  const element = h('section', { class: 'stage', 'aria-label': text.title }, nav.element, stack, narration);
  pointers.follow(stack);

  let shown = '';
  const update = () => {
    if (game.panel === 'bookcase' && game.state.opened.passage) game.panel = 'passage';
    for (const view of VIEWS) {
      const each = scenes[view];
      each.element.hidden = view !== game.view;
      each.element.inert = game.panel !== null;
      if (view === game.view) each.update();
    }
    nav.update();
    const here = `${game.view} ${game.panel}`;
    if (here !== shown) {
      const [before] = shown.split(' ');
      const from = closeup.show();
      // Focus goes to what was opened, and back to where it was opened from.
      if (game.panel === null && shown !== '' && before === game.view) scenes[game.view].focus(from);
      else if (game.panel === null && shown !== '') scenes[game.view].focus(null);
      shown = here;
      pointers.moved();
    }
    closeup.update();
    pointers.update();
  };
  game.onChange(update);
  return { element, update };
}

/** The buttons that lead from view to view, and who is where. @param {Game} game */
function navigation(game) {
  const names = button(text.views.names, () => {
    const on = document.body.classList.toggle('names');
    names.setAttribute('aria-pressed', String(on));
  }, { class: 'quiet', 'aria-pressed': 'false' });
  const views = VIEWS.map((view) => ({ view, element: button(text.views[view], () => game.look(view, null)) }));
  const element = h('nav', { class: 'views', 'aria-label': text.views.label }, ...views.map((each) => each.element), names);
  return {
    element,
    update() {
      for (const { view, element: each } of views) {
        each.hidden = view === 'observatory' && !game.state.opened.passage;
        if (view === game.view) each.setAttribute('aria-current', 'location');
        else each.removeAttribute('aria-current');
      }
    },
  };
}

/**
 * One view: its drawing with a button over everything worth a look.
 * @param {Game} game
 * @param {View} view
 * @param {{drawing: SVGElement, update: (state: import('../rules.js').State) => void}} art
 */
function scene(game, view, art) {
  let turns = 0;
  /** @param {Spot} spot */
  const use = (spot) => {
    turns += 1;
    if (PANELS[spot]) {
      game.sound.slide();
      game.look(view, spot);
    } else if (spot === 'moon') {
      if (!game.act({ type: 'take', item: 'moon' })) return;
      game.sound.slide();
      game.tell(text.moonTaken);
    } else if (spot === 'arch') game.look('study', null);
    else {
      const lines = spot === 'cat' ? text.cat : spot === 'fire' ? text.fire : text.slit;
      if (spot === 'cat') game.sound.purr();
      game.tell(lines[turns % lines.length] ?? '');
    }
  };
  const spots = SPOTS[view].map(([spot, x, y, width, height]) => {
    const name = text.spots[spot];
    const element = h('button', { type: 'button', class: `spot spot-${spot}`, 'aria-label': name, click: () => use(spot) }, h('span', { class: 'spot-name', 'aria-hidden': 'true' }, name));
    Object.assign(element.style, { left: `${x / 16}%`, top: `${y / 9}%`, width: `${width / 16}%`, height: `${height / 9}%` });
    return { spot, element };
  });
  const room = h('div', { class: 'scene' });
  room.append(art.drawing, ...spots.map(({ element }) => element));
  const heading = h('h2', { class: 'unseen', tabindex: '-1' }, text.views[view]);
  const element = h('div', { class: 'scene-frame', 'data-view': view, hidden: true }, heading, room);
  return {
    element,
    update() {
      art.update(game.state);
      for (const each of spots) {
        const there = THERE[each.spot]?.(game.state) ?? true;
        // Focus must not fall off the page with the thing that was just taken.
        if (!there && each.element === document.activeElement) heading.focus();
        each.element.hidden = !there;
      }
    },
    /** @param {string | null} panel the hotspot to return to */
    focus(panel) {
      const back = spots.find(({ spot, element: each }) => spot === panel && !each.hidden);
      (back?.element ?? heading).focus({ preventScroll: back === undefined });
    },
  };
}

/** The close-up. It leaves the talk beside it in reach, so it is a dialog, but not a modal one. @param {Game} game @param {() => string} companions who else looks at this */
function closeUp(game, companions) {
  const title = h('h2', { id: 'closeup-title', tabindex: '-1' });
  const back = button(text.close, () => game.look(game.view, null), { class: 'step-back' });
  const company = h('p', { class: 'company' });
  const content = h('div', { class: 'closeup-content' });
  const element = h('div', { class: 'closeup', role: 'dialog', 'aria-labelledby': 'closeup-title', hidden: true },
    h('div', { class: 'closeup-head' }, title, back), company, content);
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || game.panel === null || document.querySelector('dialog[open]')) return;
    game.look(game.view, null);
  });
  /** @type {Panel | null} */
  let panel = null;
  /** @type {string | null} */
  let name = null;
  return {
    element,
    /** Shows the panel the player has stepped up to; returns the one left. */
    show() {
      const left = name;
      name = game.panel;
      const item = name?.startsWith('item-') ? /** @type {Item} */ (name.slice(5)) : null;
      panel = item ? reading.itemPanel(item) : (name && PANELS[name]?.(game)) || null;
      element.hidden = panel === null;
      element.className = `closeup ${panel?.kind ?? ''}`;
      content.replaceChildren(...(panel?.body ?? []));
      setText(title, panel?.title ?? '');
      panel?.update?.();
      if (panel) {
        title.focus({ preventScroll: true });
        element.scrollIntoView({ block: 'nearest' });
      }
      return left;
    },
    update() {
      panel?.update?.();
      const others = companions();
      setText(company, others);
      company.hidden = others === '';
    },
  };
}

/** The lock that things from the pockets are tried on just now. @param {Game} game */
export function lockAtHand(game) {
  return game.panel === null ? undefined : LOCK_OF[game.panel];
}

/** @type {Partial<Record<string, import('../puzzles.js').Lock>>} */
const LOCK_OF = { telescope: 'star', orrery: 'orrery', clock: 'clock', door: 'door', drawer: 'drawer' };
