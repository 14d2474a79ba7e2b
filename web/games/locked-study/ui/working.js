//! The things one works on: bookcase, bells, drawer, telescope, orrery, clock, door.

import { button, h, setText } from './dom.js';
import { plate } from './plate.js';
import { inWords, picture } from './reading.js';
import { tryButton, wheel } from './wheels.js';
import { circle, group, path, rect, s, scatter, times } from '../art/draw.js';
import { defs } from '../art/palette.js';
import { LEATHER, emblem } from '../art/emblems.js';
import { bell, notches } from '../art/study-hearth.js';
import { clockFace } from '../art/clock-face.js';
import { orreryRings } from '../art/orrery-rings.js';
import { starFigure } from '../art/figures.js';
import { BELLS, BELL_ANSWER, BODIES, BOOKS, DIRECTIONS, FIGURES, HEIGHTS, LETTERS } from '../puzzles.js';
import { complete } from '../rules.js';
import { text } from '../words.js';

/**
 * @typedef {import('../game.js').Game} Game
 * @typedef {import('./reading.js').Panel} Panel
 */

/** @param {Game} game @returns {Panel} */
export function bookcase(game) {
  const books = BOOKS.map((book) => {
    const name = text.books[book];
    const spine = button('', () => pull(game, book), { class: 'book', 'aria-label': text.bookcase.pull(name.toLowerCase()) });
    spine.append(picture('0 0 60 220', rect(2, 0, 56, 220, LEATHER[book], { rx: 4 }), rect(2, 0, 6, 220, '#fff', { opacity: 0.12 }), rect(8, 22, 46, 3, '#c79a55'), rect(8, 196, 46, 3, '#c79a55'), emblem(book, LEATHER[book], 'translate(9 84) scale(1.05)')));
    return { book, spine };
  });
  return {
    title: text.bookcase.title,
    kind: 'thing',
    body: [h('p', {}, text.bookcase.intro), h('div', { class: 'books' }, ...books.map(({ spine }) => spine))],
    update() {
      for (const { book, spine } of books) {
        const out = game.state.books.includes(book);
        spine.classList.toggle('out', out);
        spine.setAttribute('aria-disabled', String(out));
        const name = text.books[book].toLowerCase();
        spine.setAttribute('aria-label', out ? text.bookcase.out(name) : text.bookcase.pull(name));
      }
    },
  };
}

/** @param {Game} game @param {import('../puzzles.js').Book} book */
function pull(game, book) {
  const done = game.act({ type: 'book', book });
  if (!done) return;
  if (done.after.opened.passage) {
    game.sound.opened();
    game.tell(text.bookcase.opened);
    game.look('study', 'passage');
  } else if (done.after.books.length === 0) {
    game.sound.wrong();
    game.tell(text.bookcase.wrong);
  } else {
    game.sound.slide();
    game.tell(text.bookcase.pulled);
  }
}

/** @param {Game} game @returns {Panel} */
export function bells(game) {
  const rung = h('p', { class: 'rung' });
  const after = h('div', { hidden: true }, h('p', {}, text.bells.opened), plate('bells'));
  const buttons = times(BELLS, (i) => {
    const each = button('', () => ring(i + 1), { class: 'bell', 'aria-label': text.bells.ring(i + 1) });
    each.append(picture('-40 -62 80 112', defs(`b${i}-`), rect(-26, -56, 52, 20, `url(#b${i}-brass)`, { rx: 3 }), group({ transform: 'translate(0 -46)' }, notches(i + 1)), group({ transform: 'translate(0 -8)' }, bell(i / 4, `b${i}-`))));
    return each;
  });
  /** @param {number} number */
  const ring = (number) => {
    game.sound.bell(number);
    buttons[number - 1]?.animate?.([{ rotate: '0deg' }, { rotate: '7deg' }, { rotate: '-6deg' }, { rotate: '3deg' }, { rotate: '0deg' }],
      { duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 600 });
    const done = game.act({ type: 'ring', bell: number });
    if (done?.after.opened.bells) {
      game.sound.opened();
      game.tell(text.bells.opened);
    } else game.tell(text.bells.rang(number));
  };
  return {
    title: text.bells.title,
    kind: 'thing',
    body: [h('p', {}, text.bells.intro), h('div', { class: 'bells' }, ...buttons), rung, after],
    update() {
      const { rings, opened } = game.state;
      setText(rung, `${text.bells.last} ${rings.length ? rings.slice(-BELL_ANSWER.length).join(' · ') : text.bells.none}`);
      after.hidden = !opened.bells;
    },
  };
}

/** @param {Game} game @returns {Panel} */
export function drawer(game) {
  const wheels = text.drawer.wheels.map((name, i) => wheel(game, 'drawer', i, {
    name,
    value: (place) => text.figures[FIGURES[place] ?? 'snail'].stars,
    face: (place) => picture('-6 -6 112 112', starFigure(FIGURES[place] ?? 'snail', { size: 5 })),
  }));
  const work = h('div', {}, h('div', { class: 'wheels' }, ...wheels.map(({ element }) => element)), tryButton(game, 'drawer', text.drawer));
  const after = h('div', { hidden: true }, h('p', {}, text.drawer.opened), h('p', {}, text.drawer.inside), plate('drawer'));
  return {
    title: text.drawer.title,
    kind: 'thing',
    body: [h('p', {}, text.drawer.intro), work, after],
    update() {
      wheels.forEach((each) => each.update());
      swap(work, after, Boolean(game.state.opened.drawer));
    },
  };
}

/** @param {Game} game @returns {Panel} */
export function telescope(game) {
  const words = text.telescope;
  const wheels = [
    wheel(game, 'star', 0, { name: words.direction, value: (place) => text.directions[DIRECTIONS[place] ?? 'n'] }),
    wheel(game, 'star', 1, { name: words.height, value: (place) => words.degrees(HEIGHTS[place] ?? 0) }),
  ];
  const intro = h('p');
  const look = tryButton(game, 'star', words);
  const work = h('div', {}, h('div', { class: 'wheels' }, ...wheels.map(({ element }) => element)), look);
  const after = h('div', { hidden: true }, h('p', {}, words.opened), winkingStar(), inWords(words.wordsLabel, words.words));
  return {
    title: words.title,
    kind: 'thing',
    body: [intro, work, after],
    update() {
      const ready = complete(game.state, 'star');
      setText(intro, ready ? words.intro : words.blind);
      look.hidden = !ready;
      wheels.forEach((each) => each.update());
      swap(work, after, Boolean(game.state.opened.star));
    },
  };
}

/** What is seen through the telescope. With reduced motion the winks stand in a row instead. */
function winkingStar() {
  const next = scatter(77);
  const star = path('M0-34L6-6 34 0 6 6 0 34-6 6-34 0-6-6z', '#fff9e0');
  const wink = group({}, circle(0, 0, 30, '#ffe9a8', { opacity: 0.22 }), star);
  const field = s('svg', { viewBox: '-160 -160 320 320', class: 'panel-picture eyepiece', 'aria-hidden': 'true', focusable: 'false' },
    circle(0, 0, 158, '#04060d'), s('clipPath', { id: 'tw-eye' }, circle(0, 0, 146, '#000')), circle(0, 0, 146, '#0c1736'),
    group({ 'clip-path': 'url(#tw-eye)' }, ...times(110, () => circle(-150 + next() * 300, -150 + next() * 300, 0.5 + next() * 1.6, '#fff6d8', { opacity: 0.25 + next() * 0.6 })),
      group({ class: 'still-winks' }, ...BELL_ANSWER.flatMap((count, row) => times(count, (i) => circle(-30 + i * 15, 18 + row * 27, 5, '#fff9e0')))),
      group({ transform: 'translate(0 -58)' }, wink)),
    circle(0, 0, 147, 'none', { stroke: '#5c3d17', 'stroke-width': 4 }));
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
    field.classList.add('moving');
    winkFor(wink);
  }
  return field;
}

/** Winks at no more than two a second, which is safe for everybody's eyes. @param {SVGElement} wink */
function winkFor(wink) {
  const unit = 300;
  const dark = { opacity: 0.04 };
  const light = { opacity: 1 };
  const beats = BELL_ANSWER.flatMap((count) => [...times(count, () => [light, dark]).flat(), dark, dark, dark]).concat(times(6, () => dark));
  const frames = beats.map((beat, i) => ({ ...beat, offset: i / beats.length, easing: 'steps(1, end)' }));
  wink.animate?.([...frames, { ...dark, offset: 1 }], { duration: beats.length * unit, iterations: Infinity });
}

/** @param {Game} game @returns {Panel} */
export function orrery(game) {
  const words = text.orrery;
  const rings = orreryRings('or-');
  const intro = h('p');
  const standing = h('p', { class: 'unseen' });
  const wheels = BODIES.map((body, i) => wheel(game, 'orrery', i, { name: text.bodies[body], value: (place) => words.hour(place + 1) }));
  const work = h('div', {}, h('div', { class: 'wheels' }, ...wheels.map(({ element }) => element)), tryButton(game, 'orrery', words));
  const after = h('div', { hidden: true }, h('p', {}, words.opened), plate('orrery'));
  return {
    title: words.title,
    kind: 'thing',
    body: [intro, h('p', { class: 'carving' }, words.plaque), h('div', { class: 'beside' }, picture('-165 -165 330 330', defs('or-'), rings.drawing), h('div', {}, standing, work, after))],
    update() {
      const { wheels: at, opened } = game.state;
      const ready = complete(game.state, 'orrery');
      setText(intro, ready ? words.intro : words.empty);
      setText(standing, BODIES.flatMap((body, i) => (i === 0 && !ready ? [] : [words.at(text.bodies[body], (at.orrery[i] ?? 0) + 1)])).join(' '));
      rings.set(at.orrery, ready, Boolean(opened.orrery));
      wheels.forEach((each) => each.update());
      work.hidden = !ready;
      swap(work, after, Boolean(opened.orrery), !ready);
    },
  };
}

/** @param {Game} game @returns {Panel} */
export function clock(game) {
  const words = text.clock;
  const face = clockFace('cl-');
  const intro = h('p');
  const shows = h('p');
  const wheels = [
    wheel(game, 'clock', 0, { name: words.hour, value: (place) => String(place + 1) }),
    wheel(game, 'clock', 1, { name: words.minute, value: (place) => String(place * 5).padStart(2, '0') }),
  ];
  const work = h('div', {}, h('div', { class: 'wheels' }, ...wheels.map(({ element }) => element)), tryButton(game, 'clock', words));
  const after = h('div', { hidden: true }, h('p', {}, words.opened), plate('clock'));
  return {
    title: words.title,
    kind: 'thing',
    body: [intro, h('div', { class: 'beside' }, picture('-112 -112 224 224', defs('cl-'), face.drawing), h('div', {}, shows, work, after))],
    update() {
      const [hour = 0, minute = 0] = game.state.wheels.clock;
      const ready = complete(game.state, 'clock');
      setText(intro, ready ? words.wound : words.stiff);
      setText(shows, words.shows(hour + 1, minute * 5));
      face.set(hour + 1, minute * 5);
      wheels.forEach((each) => each.update());
      swap(work, after, Boolean(game.state.opened.clock), !ready);
    },
  };
}

/** @param {Game} game @returns {Panel} */
export function door(game) {
  const words = text.door;
  const key = h('li');
  const knob = h('li');
  const missing = h('p', {}, words.missing);
  const wheels = words.wheels.map((name, i) => wheel(game, 'door', i, { name, value: (place) => LETTERS[place] ?? '', letters: LETTERS }));
  const open = tryButton(game, 'door', words);
  return {
    title: words.title,
    kind: 'thing',
    body: [h('p', {}, words.intro), h('div', { class: 'wheels letters' }, ...wheels.map(({ element }) => element)), h('ul', { class: 'parts' }, key, knob), missing, open],
    update() {
      const { items } = game.state;
      setText(key, items.key === 'fitted' ? words.key : words.noKey);
      setText(knob, items.knob === 'fitted' ? words.knob : words.noKnob);
      missing.hidden = complete(game.state, 'door');
      open.hidden = !missing.hidden;
      wheels.forEach((each) => each.update());
    },
  };
}

/**
 * Shows the work while a lock is shut and what was behind it afterwards.
 * @param {HTMLElement} work @param {HTMLElement} after @param {boolean} opened @param {boolean} [blocked] there is nothing to work with yet
 */
function swap(work, after, opened, blocked = false) {
  // Whoever pressed the button that disappears must not lose their place.
  const inside = opened && work.contains(document.activeElement);
  work.hidden = opened || blocked;
  after.hidden = !opened;
  if (inside) {
    after.tabIndex = -1;
    after.focus();
  }
}
