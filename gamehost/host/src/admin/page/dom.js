// Making elements, asking the host, and telling the operator what came of it. Text is always text, never markup.

/**
 * An element with attributes and children; `on…` are listeners, strings become text.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for a drawing. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value != null) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Asks the host; the answer as JSON. Throws an error with the host's own sentence. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' }, ...options });
  } catch {
    throw new Error('The host does not answer.');
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(answer?.error ?? `The host answered ${response.status}.`);
  return answer;
}

/** Sends an order to the host and shows what came of it; whether it worked. */
export async function order(path, body = {}) {
  try {
    const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    tell((await ask(path, options)).done);
    return true;
  } catch (error) {
    tell(error.message, true);
    return false;
  }
}

let telling;

/** Shows a sentence for some seconds. */
export function tell(text, bad = false) {
  const result = byId('result');
  result.textContent = text;
  result.className = bad ? 'bad' : 'good';
  clearTimeout(telling);
  telling = setTimeout(() => { result.textContent = ''; }, 8000);
}

/** Asks the operator whether it shall really be done. */
export function confirmed(title, text, yes) {
  const dialog = byId('ask');
  byId('ask-title').textContent = title;
  byId('ask-text').textContent = text;
  byId('ask-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A count or a rate. */
export const count = (value) => number.format(value);

/** Bytes, in the unit that suits them. */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) [value, at] = [value / 1024, at + 1];
  return `${number.format(value)} ${units[at]}`;
}

/** Seconds, in the unit that suits them. */
export function seconds(value) {
  if (value < 1) return `${number.format(value * 1000)} ms`;
  if (value < 120) return `${number.format(value)} s`;
  if (value < 7200) return `${number.format(value / 60)} min`;
  return `${number.format(value / 3600)} h`;
}
