//! Plays the game that README.md shows, as it stands there, with two players.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { join, replica } from '../index.js';
import { ReferenceHost } from './support/host.js';
import { Clock, Network, settled } from './support/network.js';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

/** As much of a document as the game touches. */
function fakeDocument() {
  const game = { children: [], replaceChildren(...children) { this.children = children; } };
  return { game, createElement: (tag) => ({ tag }), getElementById: (id) => (id === 'game' ? game : null) };
}

test('the game of the README works: two players count to 20 together and finish once', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, code] = /```js\nimport [^\n]*\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(code && code.split('\n').length <= 40, 'the README shows a game of about 30 lines');
  const clock = new Clock();
  const host = new ReferenceHost({ now: () => clock.now });
  const network = new Network(host);
  const players = [];
  for (const member of ['ada', 'bob']) {
    const document = fakeDocument();
    const open = () => join(network.worldOf(member, clock));
    await Promise.all([new AsyncFunction('open', 'replica', 'document', code)(open, replica, document), settled().then(() => network.flow())]);
    players.push(document.game.children);
  }
  const [[adas], [bobs, scores]] = players;
  for (let press = 0; press < 12; press += 1) {
    adas.onclick();
    bobs.onclick();
    await network.flow();
    await clock.pass(100);
  }
  await network.flow();
  assert.equal(adas.textContent, 'We did it together');
  assert.equal(bobs.disabled, true);
  assert.equal(scores.textContent, 'ada: 10, bob: 10');
  assert.equal(host.log.filter(({ kind }) => kind === 'finished').length, 1);
  assert.ok(host.log.some(({ body }) => body?.milestone === 'halfway'));
});
