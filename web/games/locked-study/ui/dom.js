//! A few words for building HTML without markup strings, so that nobody's text is ever parsed as markup.

/** @typedef {Record<string, string | number | boolean | undefined | ((event: any) => void)>} Attributes */

/**
 * An HTML element. Functions become listeners (`click`, `keydown`, ...), true becomes an empty attribute, false and undefined none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * A button that does something at once.
 * @param {string} name what it says
 * @param {() => void} run
 * @param {Attributes} [more]
 */
export const button = (name, run, more = {}) => h('button', { type: 'button', click: run, ...more }, name);

/** Sets text only when it differs, so that screen readers are left in peace. @param {Element} element @param {string} words */
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** What this browser remembers. A browser that forbids storage remembers nothing. */
export const memory = {
  /** @param {string} key */
  get(key) {
    try {
      return localStorage.getItem(`locked-study:${key}`);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      localStorage.setItem(`locked-study:${key}`, value);
    } catch {
      // Playing on without remembering is better than stopping.
    }
  },
};
