//! Where a room is to be opened (P1.6): what is measured and how, when the site is asked again, and that nothing of it keeps
//! anybody from the game.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { join } from '../index.js';
import { ASK_AGAIN_WITHIN_MS, MEASURE_WITHIN_MS, PROBES, REGIONS_MEASURED, TICKET_WITHIN_MS } from '../limits.js';
import { measurable, measure } from '../measure.js';
import { Clock, Network, settled } from './support/network.js';
import { ReferenceHost } from './support/host.js';

const NEVER = Infinity;
const consoleError = console.error;
let clock;
/** Requests to regions: what was asked and when. */
let probes;
/** How long each request to a host name takes, in order, the last for all further ones; 'down' fails at once. */
let ways;

beforeEach(() => {
  console.error = () => {};
  clock = new Clock();
  probes = [];
  ways = {};
});
afterEach(() => { console.error = consoleError; });

/** Answers after the time its way takes, and not at all once it is called off. */
function probe(url, request) {
  const { host } = new URL(url);
  const earlier = probes.filter((other) => other.host === host).length;
  probes.push({ host, url, request, at: clock.now });
  const took = ways[host][Math.min(earlier, ways[host].length - 1)];
  return new Promise((resolve, reject) => {
    if (took === 'down') return reject(new TypeError('Failed to fetch'));
    request.signal.addEventListener('abort', () => reject(new DOMException('called off', 'AbortError')));
    return took === NEVER ? undefined : clock.timers().setTimeout(() => resolve({ type: 'opaque' }), took);
  });
}

const lines = () => ({ fetch: probe, now: () => clock.now, timers: clock.timers(), origin: 'https://site.test' });
const offered = (...names) => names.map((name) => ({ name, probe_url: `https://${name}/s/1/healthz` }));

/** Measures, and says how long that took. */
async function measured(names, stop = new AbortController().signal) {
  const began = clock.now;
  let done = null;
  measure(measurable(offered(...names), ''), lines(), stop).then((trips) => { done = { trips, took: clock.now - began }; });
  await settled();
  for (let step = 0; step < 5_000 && !done; step += 1) await clock.pass(1);
  return done;
}

test('the first probe of a region pays for the connection, the shortest of the others is told (P1.6)', async () => {
  ways = { eu: [90, 25, 21, 30], us: [5, 120, 110, 115] };
  assert.deepEqual(await measured(['eu', 'us']), { trips: { eu: 21, us: 110 }, took: 5 + 120 + 110 + 115 });
  assert.equal(probes.length, 2 * PROBES, 'no more than that, however near a region is');
  assert.deepEqual(probes.filter(({ at }) => at === probes[0].at).map(({ host }) => host), ['eu', 'us'], 'all at the same time');
});

test('a region that does not answer in time is left out, and nobody waits for it any longer (P1.6)', async () => {
  ways = { eu: [40], deaf: [NEVER], far: [MEASURE_WITHIN_MS - 10, 20], slow: [500, 400, 900] };
  assert.deepEqual(await measured(['eu', 'deaf', 'far', 'slow']), { trips: { eu: 40, slow: 400 }, took: MEASURE_WITHIN_MS });
  await clock.pass(10_000);
  assert.equal(probes.filter(({ host }) => host === 'slow').length, 3, 'what was called off goes on with nothing');
});

test('a region that cannot be reached is not waited for, and keeps what it answered before (P1.6)', async () => {
  ways = { eu: [40], down: ['down'], breaks: [9, 8, 'down'] };
  assert.deepEqual(await measured(['eu', 'down', 'breaks']), { trips: { eu: 40, breaks: 8 }, took: PROBES * 40 });
  ways = { down: ['down'] };
  assert.deepEqual(await measured(['down']), { trips: {}, took: 0 });
});

test('a clock that leaps, as after a sleep, measures nothing', async () => {
  ways = { eu: [40] };
  const leaping = { ...lines(), now: () => clock.now + probes.length * 3_600_000 };
  const done = measure(measurable(offered('eu'), ''), leaping, new AbortController().signal);
  await clock.pass(MEASURE_WITHIN_MS);
  assert.deepEqual(await done, {});
});

test('a probe tells nothing of who asks and where (P1.6)', async () => {
  ways = { eu: [3] };
  await measured(['eu']);
  for (const { url, request: { signal, ...request } } of probes) {
    assert.equal(url, 'https://eu/s/1/healthz');
    assert.deepEqual(request, { mode: 'no-cors', credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' });
  }
});

test('measuring ends when the page no longer wants to join', async () => {
  ways = { eu: [NEVER] };
  const stop = new AbortController();
  const done = measured(['eu'], stop.signal);
  stop.abort();
  assert.deepEqual((await done).trips, {});
  assert.equal((await done).took < MEASURE_WITHIN_MS, true);
});

test('of what the site offers only names with an address of a page are measured, and no more than the site takes', () => {
  const urls = (regions) => measurable(regions, 'https://site.test').map(({ url }) => url);
  assert.deepEqual(urls([{ name: 'a', probe_url: '/s/1/healthz' }, { name: 'b', probe_url: 'http://b/' }]), ['https://site.test/s/1/healthz', 'http://b/']);
  for (const bad of [undefined, null, 'eu', {}, [null], [7], [{ name: 'a' }], [{ probe_url: '/x' }], [{ name: 1, probe_url: '/x' }]]) assert.deepEqual(urls(bad), []);
  for (const probe_url of ['//evil.test/x', 'javascript:alert(1)', 'data:,x', 'ws://a/', 'x', '', 5]) assert.deepEqual(urls([{ name: 'a', probe_url }]), [], probe_url);
  assert.equal(urls(offered(...Array.from({ length: 40 }, (_, n) => `r${n}`))).length, REGIONS_MEASURED);
});

const FIRST = { url: 'wss://eu/s/1/room', ticket: 'ada', regions: offered('eu', 'us') };

/** A site with hosts in two regions: it sends to `eu` who has not measured, and to the nearer one who has. */
function twoRegions(says = {}) {
  const host = new ReferenceHost({ now: () => clock.now + 1_000_000 });
  const network = new Network(host);
  /** What the site was told, each time it was asked. */
  const asked = [];
  const site = {
    network,
    host,
    asked,
    /** The site's answer to round trips, or a promise of it. */
    again: (trips) => ({ url: `wss://${Object.entries(trips).sort(([, a], [, b]) => a - b)[0][0]}/s/1/room`, ticket: 'ada' }),
    first: () => FIRST,
    ...says,
  };
  const answer = (status, body) => ({ ok: status < 300, status, headers: new Map(), text: async () => JSON.stringify(body) });
  const fetch = async (url, request) => {
    if (request.method !== 'POST') return probe(url, request);
    assert.equal(request.headers['content-type'], request.body && 'application/json');
    const trips = request.body ? JSON.parse(request.body).round_trips : null;
    asked.push(trips);
    const said = await (trips ? site.again(trips) : site.first());
    return typeof said === 'number' ? answer(said, { message: 'no' }) : answer(200, said);
  };
  site.room = null;
  site.joining = join(network.worldOf('ada', clock, { options: { fetch, onState: (state) => { site.state = state; } } }));
  site.joining.then((room) => { site.room = room; }, () => {});
  return site;
}

/** Lets time pass until the room is open; says how long that took, and where it was opened. */
async function opened(site) {
  const began = clock.now;
  await settled();
  for (let step = 0; step < 20_000 && !site.room; step += 1) {
    const [link] = site.network.links;
    if (link) site.url = link.url;
    await site.network.flow();
    if (!site.room) await clock.pass(1);
  }
  assert.equal(site.state, 'live');
  return { url: site.url, took: clock.now - began };
}

test('who opens a room says how far the regions are, and goes where the site then sends it (P1.6)', async () => {
  ways = { eu: [90], us: [20] };
  const site = twoRegions();
  assert.deepEqual(await opened(site), { url: 'wss://us/s/1/room', took: PROBES * 90 });
  assert.deepEqual(site.asked, [null, { eu: 90, us: 20 }]);
});

test('where there is nothing to choose the site is asked once and nothing is measured (P1.6)', async () => {
  for (const regions of [undefined, [], offered('eu'), 'eu']) {
    const site = twoRegions({ first: () => ({ ...FIRST, regions }) });
    assert.deepEqual(await opened(site), { url: 'wss://eu/s/1/room', took: 0 });
    assert.deepEqual([site.asked, probes], [[null], []]);
  }
});

test('whatever goes wrong with measuring, the game begins where the site said first, and in time (P1.6)', async () => {
  const here = 'wss://eu/s/1/room';
  ways = { eu: ['down'], us: [NEVER] };
  const deaf = twoRegions();
  assert.deepEqual(await opened(deaf), { url: here, took: MEASURE_WITHIN_MS });
  assert.deepEqual(deaf.asked, [null], 'there is nothing to tell');
  ways = { eu: [90], us: [20] };
  for (const again of [() => 400, () => 403, () => 429, () => 503, () => ({ url: 7 }), () => { throw new TypeError('Failed to fetch'); }]) {
    assert.deepEqual(await opened(twoRegions({ again })), { url: here, took: PROBES * 90 }, String(again));
  }
  const hangs = twoRegions({ again: () => new Promise(() => {}) });
  assert.deepEqual(await opened(hangs), { url: here, took: PROBES * 90 + ASK_AGAIN_WITHIN_MS });
});

test('a site that is slow to answer is not asked twice (P1.6)', async () => {
  ways = { eu: [90], us: [20] };
  const slow = TICKET_WITHIN_MS - MEASURE_WITHIN_MS - ASK_AGAIN_WITHIN_MS;
  for (const [late, asked] of [[slow - 1, 2], [slow, 1]]) {
    const site = twoRegions({ first: () => new Promise((resolve) => { clock.timers().setTimeout(() => resolve(FIRST), late); }) });
    await opened(site);
    assert.equal(site.asked.length, asked);
  }
});

test('who was in the room comes back without measuring anything: somebody is in the middle of a game (P1.6)', async () => {
  ways = { eu: [90], us: [20] };
  const site = twoRegions();
  await opened(site);
  const before = probes.length;
  [...site.network.links][0].cut();
  assert.equal(site.room.state, 'waiting');
  while (site.room.state !== 'live') {
    await clock.pass(10);
    await site.network.flow();
  }
  assert.deepEqual([site.asked.length, probes.length], [3, before]);
});

test('an attempt that came to nothing is not measured for again (P1.6)', async () => {
  ways = { eu: [90], us: [20] };
  const site = twoRegions();
  while (site.network.links.size === 0) await clock.pass(1);
  const before = probes.length;
  [...site.network.links][0].cut();
  assert.equal((await opened(site)).url, 'wss://us/s/1/room');
  assert.equal(probes.length, before);
  assert.deepEqual(site.asked, [null, { eu: 90, us: 20 }, null, { eu: 90, us: 20 }]);
});
