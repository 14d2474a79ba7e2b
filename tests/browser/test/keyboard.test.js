//! One person who sees badly and uses no mouse: at 200 % zoom and with the keys alone, from the catalogue to the end.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARRIVE, END_LINK, steps } from '../../../web/games/locked-study/test/walkthrough.js';
import { text } from '../../../web/games/locked-study/words.js';
import { Person, launch } from '../lib/browser.js';
import { accessible } from '../lib/look.js';
import { Platform } from '../lib/platform.js';
import { Keyboard, pressBy, typeBy } from '../lib/play.js';
import { expectVisible } from '../lib/wait.js';

/** A window of 1280 by 800 at 200 % has this many CSS pixels, each twice as large. */
const ZOOMED = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };

/** @type {Platform} */
let platform;
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Person} */
let person;

before(async () => {
  platform = await Platform.start('keyboard');
  chromium = await launch();
  person = await Person.arrive(chromium, 'Kim', ZOOMED);
});
after(async () => {
  await chromium?.close();
  await platform?.stop();
});

/** Nothing needs scrolling to the side, and axe-core finds nothing. @param {string} what */
async function readable(what) {
  const over = await person.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels too wide at 200 %`);
  await accessible(person.page, `${what} at 200 %`);
}

test('the keys alone lead from the catalogue into the game', async () => {
  const { page } = person;
  await page.goto(platform.site);
  await readable('the catalogue');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), '#main', 'the first Tab offers to skip to the content');
  /** @param {'link' | 'button'} role @param {string | RegExp} name */
  const press = (role, name) => pressBy(page, page.getByRole(role, { name }), String(name));
  await press('link', 'The Locked Study');
  await page.getByRole('heading', { level: 1, name: 'The Locked Study' }).waitFor();
  await readable('the title');
  await press('link', 'Buy this game');
  await typeBy(page, page.getByLabel('E-mail address'), 'e-mail', 'kim@example.org');
  await typeBy(page, page.getByLabel('Country'), 'country', 'Ger');
  assert.equal(await page.getByLabel('Country').inputValue(), 'DE', 'typing chooses the country');
  await pressBy(page, page.getByRole('checkbox'), 'terms', 'Space');
  await readable('the checkout');
  await press('button', 'Continue to payment');
  await page.waitForURL('**/dev/till/**');
  await press('button', /^Pay/);
  await page.getByRole('heading', { level: 1, name: 'Your game is ready' }).waitFor();
  await readable('the thank-you page');
  await press('link', 'Go to the game');
  await typeBy(page, page.getByLabel('Your name'), 'name', person.name);
  await press('button', 'Take this seat');
  await expectVisible(page.getByText('Connected. This list is live.'));
  await readable('the lobby');
  await press('button', 'Begin');
  await page.waitForURL('**/play');
  const start = ARRIVE.map((name) => page.getByRole('dialog').getByRole('button', { name, exact: true })).reduce((one, other) => one.or(other));
  await pressBy(page, start, 'the story’s button');
  await readable('the game');
});

test('the keys alone open the door', async () => {
  const keyboard = new Keyboard(person.page);
  for (const step of steps) await keyboard.step(step);
  await expectVisible(person.page.getByRole('heading', { name: text.ending.escapedTitle }));
  await readable('the ending');
  await pressBy(person.page, person.page.getByRole('link', { name: END_LINK }), END_LINK);
  await expectVisible(person.page.getByRole('heading', { level: 1, name: 'You made it out' }));
  await readable('the stats');
});

test('no page complained about anything', () => assert.deepEqual(person.complaints, []));
