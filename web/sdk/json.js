//! Small tools for plain JSON values: freezing, comparing, measuring. No I/O.

/**
 * Freezes a value all the way down; what is frozen already is not walked again.
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

/**
 * Whether two JSON values are equal, whatever the order of their keys.
 * @param {any} a @param {any} b @returns {boolean}
 */
export function sameJson(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length
    && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}

/** The UTF-8 bytes of a text. @param {string} text */
export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}
