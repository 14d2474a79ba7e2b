//! The way back: how long the waits are, how long an attempt may take, and where a room that moved is found (P4.9, P9).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../connection.js';
import { Driver, welcomeFrame } from './support/driver.js';

/** The waits so far. */
const waits = (driver) => driver.events('state').filter(([state]) => state === 'waiting').map(([, detail]) => detail.in);

/** Attempts that fail one after the other, each as soon as it is made, for so long; the waits between them. */
function failing(driver, ms, code = 1006) {
  const until = driver.now + ms;
  driver.in({ type: 'closed', code });
  while (driver.session.deadline < until) {
    driver.retry();
    driver.open();
    driver.in({ type: 'closed', code });
  }
  return waits(driver);
}

test('waits have full jitter from half a second to a ceiling that doubles to 20 seconds (P9)', () => {
  const drawn = (random) => {
    const driver = new Driver({ random: () => random });
    driver.in({ type: 'start' });
    for (let failure = 0; failure < 8; failure += 1) {
      driver.in({ type: 'no_ticket', status: 0, message: 'offline' });
      driver.retry();
    }
    return waits(driver);
  };
  assert.deepEqual(drawn(0), Array(8).fill(500));
  assert.deepEqual(drawn(1), [1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]);
  assert.deepEqual(drawn(0.5).slice(0, 3), [750, 1250, 2250]);
});

test('a live connection that broke is tried again within a second each time for 15 seconds, then waits grow (P9)', () => {
  const longest = failing(new Driver({ random: () => 1 }).live(), 60_000);
  assert.deepEqual(longest, [...Array(15).fill(1000), 1000, 2000, 4000, 8000, 16000, 20000]);
  const shortest = failing(new Driver({ random: () => 0 }).live(), 15_000);
  assert.deepEqual(new Set(shortest.slice(0, 150)), new Set([100]));
  const middle = failing(new Driver({ random: () => 0.5 }).live(), 14_000);
  assert.deepEqual(new Set(middle), new Set([550]));
});

test('a room that another host has after ten seconds is reached within a second of it', () => {
  for (const draw of [0, 0.3, 0.7, 0.999]) {
    const driver = new Driver({ random: () => draw }).live();
    const lost = driver.now;
    failing(driver, 10_000);
    driver.retry();
    assert.ok(driver.now <= lost + 11_000, `at ${driver.now - lost} ms`);
    driver.open();
    driver.frame(welcomeFrame());
    assert.equal(driver.session.state, 'live');
  }
});

test('a connection that breaks again and again is not tried quickly for ever', () => {
  const driver = new Driver({ random: () => 1 }).live();
  const began = driver.now;
  while (driver.now < began + 120_000) driver.again();
  driver.in({ type: 'closed', code: 1006 });
  assert.ok(waits(driver).length < 27, 'fifteen quick ones, then ever longer waits');
});

test('only a connection that held for a while makes the waits short again', () => {
  const driver = new Driver({ random: () => 1 }).live();
  failing(driver, 60_000);
  driver.retry();
  driver.open();
  driver.frame(welcomeFrame());
  driver.frame({ op: 'beat', t: driver.now, now: 1 });
  driver.in({ type: 'closed', code: 4005 });
  assert.deepEqual(waits(driver), [20_000]);
  driver.retry();
  driver.open();
  driver.frame(welcomeFrame());
  driver.frame({ op: 'beat', t: driver.now, now: 1 });
  driver.pass(10_000);
  assert.deepEqual(failing(driver, 5_000, 4005), Array(5).fill(1000));
});

test('a host that has no place is not asked quickly, nor a site before it wants to be', () => {
  const driver = new Driver({ random: () => 1 }).live();
  assert.deepEqual(failing(driver, 14_000, 4006), [1000, 2000, 4000, 8000]);
  const other = new Driver({ random: () => 0 }).live();
  other.in({ type: 'closed', code: 1006 });
  other.retry();
  other.in({ type: 'no_ticket', status: 503, message: 'later', retryAfter: 3_000 });
  assert.deepEqual(waits(other), [100, 3_000]);
});

test('each step of an attempt has its time, and a host that is gone without a word is not given long', () => {
  const steps = [
    (driver) => driver,
    (driver) => driver.in({ type: 'ticket', url: 'ws://h', ticket: 't' }),
    (driver) => driver.in({ type: 'opened' }),
  ];
  const patience = (driver) => steps.map((_, last) => {
    const one = driver();
    for (const step of steps.slice(0, last + 1)) step(one);
    const began = one.now;
    while (one.session.state === 'connecting') one.pass(1);
    assert.equal(one.commands.filter((command) => command.do === 'hang_up').length > 0, true);
    return one.now - began;
  });
  const first = () => { const driver = new Driver(); driver.in({ type: 'start' }); return driver; };
  const lost = () => { const driver = new Driver().live(); driver.in({ type: 'closed', code: 1006 }); driver.retry(); return driver; };
  assert.deepEqual(patience(first), [10_000, 15_000, 15_000]);
  assert.deepEqual(patience(lost), [10_000, 4_000, 15_000]);
});

test('moved goes to the address given at once, with a fresh ticket (P4.9)', () => {
  const driver = new Driver({ random: () => 0.999 }).live();
  driver.commands.length = driver.sent.length = 0;
  driver.frame({ op: 'moved', url: 'wss://other/s/2/room' });
  assert.equal(driver.session.state, 'connecting');
  driver.pass(100);
  assert.equal(driver.done('ask').length, 1);
  driver.open('wss://stale/s/1/room');
  assert.equal(driver.done('open')[0].url, 'wss://other/s/2/room');
  assert.equal(driver.sent[0].op, 'join');
  driver.frame(welcomeFrame({ resumed: false }));
  assert.equal(driver.session.state, 'live');
  assert.deepEqual(driver.events('state').map(([state]) => state), ['connecting', 'live']);
});

test('the members of a host that is emptied do not all come in the same moment', () => {
  const after = [0.01, 0.5, 0.999].map((draw) => {
    const driver = new Driver({ random: () => draw }).live();
    driver.frame({ op: 'moved', url: '/s/2/room' });
    return driver.session.deadline - driver.now;
  });
  assert.deepEqual(after.map(Math.round), [1, 50, 100]);
});

test('a close that says moved without an address is followed to where the site says', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 4004 });
  assert.equal(driver.session.state, 'connecting');
  driver.pass(100);
  driver.commands.length = 0;
  driver.open('ws://site/says');
  assert.equal(driver.done('open')[0].url, 'ws://site/says');
});

test('an address to move to outlasts a site that has no ticket just then', () => {
  const driver = new Driver().live();
  driver.frame({ op: 'moved', url: 'ws://next/room' });
  driver.pass(100);
  driver.in({ type: 'no_ticket', status: 503, message: 'busy' });
  assert.equal(driver.session.state, 'waiting');
  driver.retry();
  driver.commands.length = 0;
  driver.open('ws://stale/room');
  assert.equal(driver.done('open')[0].url, 'ws://next/room');
});

test('moved in place of a welcome is followed too, but not in circles', () => {
  const driver = new Driver();
  driver.in({ type: 'start' });
  for (let move = 0; move < 5; move += 1) {
    driver.open();
    driver.frame({ op: 'moved', url: 'ws://next/room' });
    assert.equal(driver.session.state, 'connecting');
    driver.pass(100);
  }
  driver.open();
  driver.frame({ op: 'moved', url: 'ws://next/room' });
  assert.equal(driver.session.state, 'waiting');
  assert.equal(driver.done('fault')[0].what, 'moved');
  driver.retry();
  driver.commands.length = 0;
  driver.open('ws://site/says');
  assert.equal(driver.done('open')[0].url, 'ws://site/says');
});

test('an address to move to that does not answer is tried once, then the site is asked, within a second', () => {
  const driver = new Driver({ random: () => 1 }).live();
  driver.frame({ op: 'moved', url: 'ws://gone/room' });
  driver.pass(100);
  driver.in({ type: 'ticket', url: 'ws://site/room', ticket: 't' });
  driver.in({ type: 'closed', code: 1006 });
  assert.deepEqual(waits(driver), [1000]);
  driver.retry();
  driver.commands.length = 0;
  driver.open('ws://site/room');
  assert.equal(driver.done('open')[0].url, 'ws://site/room');
});

test('what is no address to move to is a fault', () => {
  for (const url of ['', 'room', '//other/room', 'https://other/room', 'javascript:1']) {
    const driver = new Driver().live();
    driver.frame({ op: 'moved', url });
    assert.equal(driver.session.state, 'waiting', url);
    assert.equal(driver.done('fault')[0].what, 'moved', url);
  }
});

test('a path is an address on the page\'s own origin (P4.9)', () => {
  const opened = (origin, url) => {
    const urls = [];
    const told = [];
    class Socket { constructor(address) { urls.push(address); } }
    new Connection(/** @type {any} */ ({ origin, WebSocket: Socket }), (input) => told.push(input.type)).open(1, url);
    return [...urls, ...told];
  };
  assert.deepEqual(opened('https://play.test', '/s/2/room'), ['wss://play.test/s/2/room']);
  assert.deepEqual(opened('http://127.0.0.1:8080', '/s/2/room'), ['ws://127.0.0.1:8080/s/2/room']);
  assert.deepEqual(opened('https://play.test', 'wss://eu1.test/room'), ['wss://eu1.test/room']);
  assert.deepEqual(opened('', '/s/2/room'), ['no_ticket'], 'without an origin there is nowhere to go');
});
