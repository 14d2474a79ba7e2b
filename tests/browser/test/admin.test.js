//! The operator's page of a host, while a game is played on it: what it shows, what may be done, and how it looks in
//! light and dark on a desktop and on a phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARRIVE } from '../../../web/games/locked-study/test/walkthrough.js';
import { text } from '../../../web/games/locked-study/words.js';
import { Person, launch } from '../lib/browser.js';
import { look } from '../lib/look.js';
import { Platform } from '../lib/platform.js';
import { buy, enter, sit } from '../lib/shop.js';
import { eventually, expectVisible } from '../lib/wait.js';

/** Markup that would be one if the page took words for markup. */
const WORDS = 'good evening <img src=x onerror="document.title=1">';

/** @type {Platform} */
let platform;
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Person} */
let ada;
/** @type {Person} */
let bob;
/** @type {Person} */
let operator;

/** @param {import('playwright-core').Page} page @param {string} said */
async function say(page, said) {
  await page.getByRole('textbox', { name: text.chat.label, exact: true }).fill(said);
  await page.getByRole('button', { name: text.chat.send, exact: true }).click();
}

before(async () => {
  platform = await Platform.start('admin');
  chromium = await launch();
  ada = await Person.arrive(chromium, 'Adelaide');
  bob = await Person.arrive(chromium, 'Bertram');
  operator = await Person.arrive(chromium, 'the operator', { httpCredentials: platform.credential() });
  const link = await buy(ada.page, platform.site, 'ada@example.org');
  for (const person of [ada, bob]) await sit(person.page, link, person.name);
  for (const person of [ada, bob]) await enter(person.page, ARRIVE);
  await say(ada.page, WORDS);
  await operator.page.goto(`${platform.admin}/hosts/1/`);
});
after(async () => {
  await chromium?.close();
  await platform?.stop();
});

test('the page shows how the host is, what happened, and the room that is played in', async () => {
  const { page } = operator;
  await expectVisible(page.getByText('Ready.', { exact: true }));
  await expectVisible(page.getByRole('img', { name: /^Connections: 2/ }));
  const figures = page.getByRole('figure');
  assert.equal(await figures.count(), 8);
  await page.getByRole('searchbox', { name: 'Find rooms by id' }).fill('nothing');
  await expectVisible(page.getByText('1 in memory; shown: none'));
  await page.getByRole('searchbox', { name: 'Find rooms by id' }).fill('');
  await expectVisible(page.getByText('1 in memory; shown: 1 to 1 of 1'));
  await page.getByRole('button', { name: 'Members' }).click();
  await expectVisible(page.getByRole('columnheader', { name: /Members/ }).and(page.locator('[aria-sort=descending]')));
  // A line has something to draw when there are some samples.
  await eventually('lines are drawn', async () => (await page.locator('.line.first').first().getAttribute('d'))?.includes('L'));
});

test('a room that is opened shows seats without names, and its records as they come, as text', async () => {
  const { page } = operator;
  await page.getByRole('table').getByRole('button', { name: /^[0-9a-z]{20}$/ }).click();
  await expectVisible(page.getByRole('heading', { name: /^Room / }));
  const records = page.getByRole('list', { name: 'Records' });
  await expectVisible(records.getByText('<img src=x'));
  await say(bob.page, 'as it comes');
  await expectVisible(records.getByText('as it comes'));
  assert.equal(await page.locator('main').getByText('Adelaide').count(), 0);
  await page.getByRole('button', { name: 'Show names' }).click();
  await expectVisible(page.getByText('Adelaide').first());
  await page.getByRole('button', { name: 'Hide names' }).click();
  await eventually('the names are gone', async () => (await page.locator('main').getByText('Adelaide').count()) === 0);
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await look(page, `admin-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test('a notice is put up, a member is kicked, and the room is closed, each after a question', async () => {
  const { page } = operator;
  const records = page.getByRole('list', { name: 'Records' });
  await page.getByRole('textbox', { name: 'Notice to all members' }).fill('back at nine');
  await page.getByRole('button', { name: 'Put up' }).click();
  await expectVisible(page.getByText('The notice is in the room’s log').or(page.getByText("The notice is in the room's log")));
  await expectVisible(records.getByText('back at nine'));

  await page.getByRole('button', { name: 'Kick …' }).last().click();
  const question = page.getByRole('dialog');
  await expectVisible(question.getByText('Take this seat away?'));
  await look(page, 'admin-question');
  await question.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await page.getByRole('button', { name: 'Kick …' }).count(), 2);
  await page.getByRole('button', { name: 'Kick …' }).last().click();
  await question.getByRole('button', { name: 'Take it away' }).click();
  await expectVisible(page.getByText(/^The seat of member \S+ is taken away\.$/));
  await eventually('one seat is left', async () => (await page.getByRole('button', { name: 'Kick …' }).count()) === 1);

  await page.getByRole('button', { name: 'Close the room …' }).click();
  await question.getByRole('button', { name: 'Close the room' }).click();
  await expectVisible(page.getByText(/^The room is closed/));
  await eventually('nobody is connected', async () => page.getByRole('img', { name: /^Connections: 0/ }).isVisible());
});

test('rooms that are owed to the archive are listed while there are any, and put aside after a question', async () => {
  const { page } = operator;
  const section = page.getByRole('heading', { name: 'Owed to the archive' });
  assert.equal(await section.count(), 0);
  const room = '0'.repeat(20);
  let rows = [{ id: room, age_s: 300, failures: 24, why: 'the archive’s summary: <b>it cannot be read</b>' }];
  /** @type {string[]} */
  const orders = [];
  // What a host answers whose archive has lost a room.
  await page.route('**/hosts/1/owed', (route) => route.fulfill({ json: { rooms: rows.length, rows } }));
  await page.route('**/hosts/1/rooms/*/aside', (route) => {
    orders.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
    rows = [];
    return route.fulfill({ json: { done: '7 records are put aside.' } });
  });
  await expectVisible(section);
  await expectVisible(page.getByRole('row').filter({ hasText: room }).getByText('<b>it cannot be read</b>'));
  await look(page, 'admin-owed');
  await page.getByRole('button', { name: 'Put aside …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Put aside' }).click();
  await expectVisible(page.getByText('7 records are put aside.'));
  assert.deepEqual(orders, [`POST /hosts/1/rooms/${room}/aside`]);
  await eventually('the list is gone', async () => (await section.count()) === 0);
  await page.unrouteAll();
});

test('without the password there is nothing, and the page complained about nothing', async () => {
  const stranger = await Person.arrive(chromium, 'a stranger');
  const answered = await stranger.page.goto(`${platform.admin}/hosts/1/rooms`).catch(() => null);
  assert.equal(answered?.status() ?? 401, 401);
  assert.deepEqual(operator.complaints, []);
});
