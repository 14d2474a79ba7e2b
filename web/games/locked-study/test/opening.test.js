//! What the page shows while it opens and the room goes away before the state is there. The page is only as much of a
//! document as that touches; the room is the sdk's, over its simulated network.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ReferenceHost } from '../../../sdk/test/support/host.js';
import { Clock, MemoryStorage, Network, settled } from '../../../sdk/test/support/network.js';
import { text } from '../words.js';

class FakeElement {
  children = [];
  listeners = {};
  constructor(tag) { this.tag = tag; }
  setAttribute(name, value) { this[name] = value; }
  addEventListener(type, run) { this.listeners[type] = run; }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  get text() { return this.children.map((child) => child.text ?? child).join(' '); }
  find(tag) { return this.tag === tag ? this : this.children.map((child) => child.find?.(tag)).find(Boolean); }
}

const page = new FakeElement('main');
const host = new ReferenceHost({ now: () => 1_000_000 });
const network = new Network(host);
const globals = ['document', 'window', 'fetch', 'WebSocket'];
const kept = globals.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));

before(() => {
  const { fetch, WebSocket } = network.worldOf('ada', new Clock(), { storage: new MemoryStorage() });
  const document = {
    body: { dataset: { connect: '/games/x/connect', launch: '/l/token' } },
    visibilityState: 'visible',
    getElementById: () => page,
    createElement: (tag) => new FakeElement(tag),
  };
  const window = { addEventListener() {}, removeEventListener() {} };
  for (const [name, value] of Object.entries({ document, window, fetch, WebSocket })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
});
after(() => globals.forEach((name, index) => {
  if (kept[index]) Object.defineProperty(globalThis, name, kept[index]);
  else delete globalThis[name];
}));

/** Delivers on the newest line until the welcome has come, and loses what follows it but for `then`. */
async function welcomedAnd(then) {
  await settled();
  const line = [...network.links].at(-1);
  line.deliverDown();
  line.deliverUp();
  line.deliverDown();
  line.down = [then];
  line.deliverDown();
  await settled();
}

test('a room that is taken over or ends while the page catches up says so, and the way out works', async () => {
  await import('../main.js');
  assert.equal(page.text, text.status.opening);
  await welcomedAnd(4500);
  assert.ok(page.text.includes(text.status.taken), page.text);
  page.find('button').listeners.click();
  assert.equal(page.text, text.status.opening);
  await welcomedAnd(4508);
  assert.ok(page.text.includes('The game was closed.'), page.text);
  assert.equal(page.find('a').href, '/l/token');
});
