//! Where a room is opened when hosts stand in two regions: a real browser measures the way to each (P1.6). Here both are on
//! one machine, so the test holds the answers of one back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Person, launch } from '../lib/browser.js';
import { Platform } from '../lib/platform.js';
import { buy, sit } from '../lib/shop.js';
import { expectVisible } from '../lib/wait.js';

const FAR_MS = 150;
const REGIONS = ['eu', 'us'];

/** @type {Platform} */
let platform;
/** @type {import('playwright-core').Browser} */
let chromium;

before(async () => {
  platform = await Platform.start('regions', '--hosts', String(REGIONS.length), '--regions', REGIONS.join(','));
  chromium = await launch();
});
after(async () => {
  await chromium?.close();
  await platform?.stop();
});

/** Somebody far from the host in a slot, and what their page asks for. @param {string} name @param {number} slot */
async function farFrom(name, slot) {
  const person = await Person.arrive(chromium, name);
  /** @type {string[]} */
  const probed = [];
  /** @type {(Record<string, number> | null)[]} what the site was told, each time it was asked for a place */
  const told = [];
  /** @type {string[]} */
  const rooms = [];
  person.page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith('/healthz')) probed.push(pathname);
    if (pathname.endsWith('/connect')) told.push(request.postDataJSON()?.round_trips ?? null);
  });
  person.page.on('websocket', (socket) => rooms.push(new URL(socket.url()).pathname));
  await person.page.route(`**/s/${slot}/healthz`, async (route) => {
    await wait(FAR_MS);
    await route.continue();
  });
  return { person, page: person.page, probed, told, rooms };
}

/** Buys a game; what pages say of the form that is sent unfinished on the way is no matter here. @param {Awaited<ReturnType<typeof farFrom>>} who */
async function bought({ page, person }) {
  const link = await buy(page, platform.site, 'ada@example.org');
  person.complaints.length = 0;
  return link;
}

test('a room is opened in the region that is near to who opens it, and others follow without measuring (P1.6)', async () => {
  for (const [far, near] of [[1, 2], [2, 1]]) {
    const ada = await farFrom('Ada', far);
    const link = await bought(ada);
    await sit(ada.page, link, 'Ada');
    assert.deepEqual(ada.rooms, [`/s/${near}/room`]);
    const [nothing, trips] = ada.told;
    assert.deepEqual([ada.told.length, nothing, Object.keys(trips).sort()], [2, null, REGIONS]);
    const [there, here] = [far, near].map((slot) => trips[REGIONS[slot - 1]]);
    assert.ok(there >= FAR_MS && here < there, JSON.stringify(trips));
    const counts = [1, 2].map((slot) => ada.probed.filter((path) => path === `/s/${slot}/healthz`).length);
    assert.ok(counts.every((count) => count > 1 && count <= 4), String(counts));
    const bob = await farFrom('Bob', near);
    await sit(bob.page, link, 'Bob');
    assert.deepEqual([bob.rooms, bob.told, bob.probed], [[`/s/${near}/room`], [null], []]);
    for (const { person } of [ada, bob]) {
      assert.deepEqual(person.complaints, []);
      await person.leave();
    }
  }
});

test('a region on another origin is measured when the page may connect there, and is not needed when it may not (P1.6)', async () => {
  const elsewhere = platform.site.replace('127.0.0.1', 'localhost');
  assert.notEqual(elsewhere, platform.site);
  for (const allowed of [true, false]) {
    const ada = await farFrom('Ada', 1);
    const link = await bought(ada);
    // One machine has no host of another origin. The same one by another name is to the browser.
    await ada.page.route('**/connect', async (route) => {
      const response = await route.fetch();
      const { regions, ...answer } = await response.json();
      const there = regions?.map(({ name, probe_url }) => ({ name, probe_url: elsewhere + probe_url }));
      await route.fulfill({ response, json: { ...answer, regions: there } });
    });
    await ada.page.route('**/l/*', async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      const policy = headers['content-security-policy'];
      assert.match(policy, /connect-src 'self' /);
      headers['content-security-policy'] = allowed ? policy.replace("connect-src 'self'", `connect-src 'self' ${elsewhere}`) : policy;
      await route.fulfill({ response, headers });
    });
    // A page that comes from the test counts as one of the internet, which asks people before it talks to this machine.
    await ada.person.context.grantPermissions(['local-network-access']);
    // The answer to a form is a redirect, which cannot be changed on its way: the seat is taken without the page.
    const seat = { headers: { origin: platform.site }, form: { name: 'Ada', colour: '#175cd3' } };
    assert.ok((await ada.person.context.request.post(`${link}/seat`, seat)).ok());
    await ada.page.goto(link);
    await expectVisible(ada.page.getByText('Connected. This list is live.'));
    assert.equal(ada.rooms.length, 1);
    const [, trips] = ada.told;
    if (allowed) {
      assert.deepEqual([ada.rooms, Object.keys(trips).sort()], [['/s/2/room'], REGIONS]);
      assert.deepEqual(ada.person.complaints, []);
    } else {
      assert.deepEqual(ada.told, [null]);
      assert.ok(ada.person.complaints.every((complaint) => /Content Security Policy/.test(complaint)), String(ada.person.complaints));
    }
    await ada.person.leave();
  }
});
