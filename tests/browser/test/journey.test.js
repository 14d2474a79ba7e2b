//! The whole path in a real browser: buy, read the mail, four people in four browsers play The Locked Study to its end, a
//! fifth comes late, and all see what happened. Every page on the way is looked at.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARRIVE, END_LINK, steps } from '../../../web/games/locked-study/test/walkthrough.js';
import { text } from '../../../web/games/locked-study/words.js';
import { Person, launch } from '../lib/browser.js';
import { look, looks } from '../lib/look.js';
import { Platform } from '../lib/platform.js';
import { byMouse } from '../lib/play.js';
import { arriveIn, buy, enter, sit } from '../lib/shop.js';
import { eventually, expectGone, expectVisible } from '../lib/wait.js';

const NAMES = ['Ada', 'Bjørn', '李雷', 'Dee 🗝️'];
/** After this step a fifth person joins; before it, pictures of the game are taken. */
const HALF_WAY = steps.findIndex((step) => step.name === text.orrery.try);

/** @type {Platform} */
let platform;
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Person[]} */
const people = [];
let link = '';

before(async () => {
  platform = await Platform.start('journey');
  chromium = await launch();
});
after(async () => {
  await chromium?.close();
  await platform?.stop();
  console.log(`  browser: ${looks.pages} pages looked at on two sizes, ${looks.checks} axe-core runs`);
});

test('somebody buys, and the link is on the page at once', async () => {
  const buyer = await Person.arrive(chromium, NAMES[0]);
  people.push(buyer);
  link = await buy(buyer.page, platform.site, 'ada@example.org', (name) => look(buyer.page, name));
  assert.match(link, /\/l\/[A-Za-z0-9_-]{43}$/);
});

test('the same link is in the mail', async () => {
  const { page } = people[0];
  await page.goto(`${platform.site}/dev/outbox`);
  await eventually('the mail', async () => {
    await page.reload();
    return page.getByRole('link', { name: /Locked Study/ }).count();
  });
  await look(page, 'outbox');
  await page.getByRole('link', { name: /Locked Study/ }).click();
  await expectVisible(page.getByText(link).or(page.locator('#text a', { hasText: '/l/' })));
  assert.equal(new URL(await page.locator('#text a', { hasText: '/l/' }).first().getAttribute('href')).pathname, new URL(link, platform.site).pathname);
  await look(page, 'outbox-mail');
  const html = await page.locator('iframe').getAttribute('src');
  const body = await (await people[0].context.request.get(new URL(html, platform.site).href)).text();
  const reader = await people[0].open();
  await reader.setContent(body);
  await look(reader, 'mail');
  await reader.close();
});

test('four people take their seats, each in a browser of their own', async () => {
  for (const name of NAMES.slice(1)) people.push(await Person.arrive(chromium, name));
  await people[0].page.goto(link);
  await look(people[0].page, 'launch');
  await people[0].page.getByRole('button', { name: 'Take this seat' }).click();
  await expectVisible(people[0].page.locator('#name-wrong'));
  await look(people[0].page, 'launch-errors');
  for (const person of people) await sit(person.page, link, person.name);
  for (const { page } of people) {
    for (const name of NAMES) await expectVisible(page.locator('#people').getByText(name, { exact: true }));
  }
  const checks = people[0].page.locator('.checks li');
  await eventually('the technical check', async () => (await checks.count()) === 4);
  await look(people[0].page, 'lobby');
});

test('one begins and the others follow', async () => {
  await people[0].page.getByRole('button', { name: 'Begin' }).click();
  await people[0].page.waitForURL('**/play');
  for (const { page } of people.slice(1)) await expectVisible(page.getByText('Ada has begun the game.'));
  await look(people[1].page, 'lobby-begun');
  await look(people[0].page, 'play-story');
  await arriveIn(people[0].page, ARRIVE);
  for (const { page } of people.slice(1)) await enter(page, ARRIVE);
  await look(people[0].page, 'play-study');
});

test('they play the first half together', async () => {
  const pages = people.map(({ page }) => page);
  for (const step of steps.slice(0, HALF_WAY + 1)) {
    await byMouse(pages, step);
    if (step.name === text.spots.letter) await look(pages[0], 'play-letter');
    if (step.name === text.passage.go) await look(pages[1], 'play-observatory');
    if (step.name === text.spots.drawer) await look(pages[2], 'play-drawer');
  }
  await look(pages[1], 'play-orrery');
});

test('a fifth comes late and stands in the same room', async () => {
  const late = await Person.arrive(chromium, 'Zoë');
  await sit(late.page, link, late.name);
  await enter(late.page, ARRIVE);
  for (const name of [text.views.study, text.views.observatory]) await expectVisible(late.page.getByRole('button', { name, exact: true }));
  const log = late.page.getByRole('group', { name: text.chat.log });
  await expectVisible(log.getByText(`Ada: Honey, donkeys, lamp, mice!`).or(log.getByText('Honey, donkeys, lamp, mice!')));
  await expectVisible(people[2].page.getByText(text.events.joined('Zoë')));
  assert.equal(await late.page.getByRole('button', { name: text.items.winder.name, exact: true }).count(), 1, 'what the others found is in the late one’s pockets');
  people.push(late);
});

test('they open the door', async () => {
  const pages = people.map(({ page }) => page);
  await pages[1].getByRole('button', { name: text.bar.hints, exact: true }).click();
  await look(pages[1], 'play-hints');
  await pages[1].keyboard.press('Escape');
  await expectGone(pages[1].getByRole('dialog', { name: text.hints.title }));
  for (const step of steps.slice(HALF_WAY + 1)) await byMouse(pages, step);
  for (const page of pages) await expectVisible(page.getByRole('heading', { name: text.ending.escapedTitle }));
  await look(pages[4], 'play-ending');
});

test('all see what happened', async () => {
  const { page } = people[2];
  await page.getByRole('link', { name: END_LINK }).click();
  await expectVisible(page.getByRole('heading', { level: 1, name: 'You made it out' }));
  for (const name of [...NAMES, 'Zoë']) assert.ok((await page.getByText(name, { exact: true }).count()) > 0, `${name} is in the stats`);
  assert.ok((await page.locator('main svg').count()) > 0, 'the stats are drawn');
  await look(page, 'end');
  await page.goto(page.url().replace(/end$/, 'play'));
  await expectVisible(page.getByRole('heading', { name: text.ending.escapedTitle }));
});

test('the pages that help are good pages, too', async () => {
  const { page } = people[1];
  for (const [name, path, status] of [['resend', '/resend', 200], ['resend-sent', '/resend?sent=1', 200], ['not-found', '/nothing-here', 404], ['no-seat', '/games/0123456789abcdefghjk/play', 403]]) {
    const answer = await page.goto(platform.site + path);
    assert.equal(answer?.status(), status, path);
    await look(page, name);
  }
  await buyAndDecline(page);
});

/** @param {import('playwright-core').Page} page */
async function buyAndDecline(page) {
  await page.goto(`${platform.site}/titles/locked-study/buy`);
  await page.getByLabel('E-mail address').fill('no@example.org');
  await page.getByLabel('Country').selectOption('US');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Continue to payment' }).click();
  await page.getByRole('button', { name: 'Decline the card' }).click();
  await expectVisible(page.getByRole('heading', { level: 1, name: 'The payment was declined' }));
  await look(page, 'cancelled');
}

test('no page complained about anything', () => {
  // A page that is not there is asked for on purpose, and Chromium mentions it.
  const expected = /status of (403|404|422)/;
  const complaints = people.flatMap((person) => person.complaints).filter((complaint) => !expected.test(complaint));
  assert.deepEqual(complaints, []);
});
