//! A few words for drawing in SVG without markup strings. What is drawn lives in the other modules of this folder.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Record<string, string | number | undefined>} Attributes */

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {...(SVGElement | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/** @param {Attributes} attributes @param {...(SVGElement | string)} children */
export const group = (attributes, ...children) => s('g', attributes, ...children);

/** @param {string} d @param {string} fill @param {Attributes} [more] */
export const path = (d, fill, more = {}) => s('path', { d, fill, ...more });

/** @param {string} d @param {string} stroke @param {number} width @param {Attributes} [more] */
export const line = (d, stroke, width, more = {}) => s('path', { d, fill: 'none', stroke, 'stroke-width': width, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', ...more });

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} fill @param {Attributes} [more] */
export const rect = (x, y, width, height, fill, more = {}) => s('rect', { x, y, width, height, fill, ...more });

/** @param {number} cx @param {number} cy @param {number} r @param {string} fill @param {Attributes} [more] */
export const circle = (cx, cy, r, fill, more = {}) => s('circle', { cx, cy, r, fill, ...more });

/** @param {number} cx @param {number} cy @param {number} rx @param {number} ry @param {string} fill @param {Attributes} [more] */
export const ellipse = (cx, cy, rx, ry, fill, more = {}) => s('ellipse', { cx, cy, rx, ry, fill, ...more });

/** @param {number} x @param {number} y @param {number} size @param {string} fill @param {string} words @param {Attributes} [more] */
export const label = (x, y, size, fill, words, more = {}) =>
  s('text', { x, y, fill, 'font-size': size, 'text-anchor': 'middle', 'font-family': 'Georgia, "Liberation Serif", serif', ...more }, words);

/**
 * A gradient from stops written as `[offset, colour, opacity]`.
 * @param {'linearGradient' | 'radialGradient'} kind
 * @param {string} id
 * @param {[number, string, number?][]} stops
 * @param {Attributes} [more]
 */
export function gradient(kind, id, stops, more = {}) {
  return s(kind, { id, ...more }, ...stops.map(([offset, colour, opacity]) =>
    s('stop', { offset, 'stop-color': colour, 'stop-opacity': opacity })));
}

/**
 * Numbers from 0 to below 1 that are the same every time, so that every player sees the same books and stars.
 * @param {number} seed
 */
export function scatter(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @template T @param {number} count @param {(i: number) => T} make @returns {T[]} */
export const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** Shows or hides a part of a drawing. @param {Element} element @param {boolean} shown */
export function show(element, shown) {
  element.classList.toggle('gone', !shown);
}
