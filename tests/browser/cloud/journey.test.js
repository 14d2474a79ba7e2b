//! The whole path in a real browser over the services of AWS, as far as emulators go: somebody buys at the payment provider's page,
//! opens the link out of the letter, a friend follows it, and what either does the other sees.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { ARRIVE } from '../../../web/games/locked-study/test/walkthrough.js';
import { text } from '../../../web/games/locked-study/words.js';
import { Person, launch } from '../lib/browser.js';
import { OUTPUT } from '../lib/platform.js';
import { enter, sit } from '../lib/shop.js';
import { eventually, expectVisible } from '../lib/wait.js';

const EMAIL = 'ada@example.org';
const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(import.meta.dirname, '../../../target');

/** @type {import('node:child_process').ChildProcess} */
let platform;
/** @type {{ site: string, inbox: string }} */
let at;
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Person[]} */
const people = [];

before(async () => {
  mkdirSync(path.join(OUTPUT, 'logs'), { recursive: true });
  platform = spawn(path.join(TARGET, 'debug/cloud-platform'), { stdio: ['pipe', 'pipe', 'pipe'] });
  platform.stderr.pipe(createWriteStream(path.join(OUTPUT, 'logs/cloud-platform.log')));
  const [line] = await Promise.race([
    once(createInterface({ input: platform.stdout }), 'line'),
    once(platform, 'exit').then(() => { throw new Error('The platform did not start; see cloud-platform.log.'); }),
  ]);
  at = JSON.parse(line);
  chromium = await launch();
});
after(async () => {
  await chromium?.close();
  const gone = once(platform, 'exit');
  platform.stdin.end();
  await gone;
});

const picture = (page, name) => page.screenshot({ path: path.join(OUTPUT, `cloud-${name}.png`) });

test('somebody buys at the page of the payment provider, and the link is on the page', async () => {
  const buyer = await Person.arrive(chromium, 'Ada');
  people.push(buyer);
  const { page } = buyer;
  await page.goto(at.site);
  await page.getByRole('link', { name: 'The Locked Study' }).click();
  await page.getByRole('link', { name: 'Buy this game' }).click();
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Country').selectOption('DE');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Continue to payment' }).click();
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Your game is ready' }).waitFor();
  await picture(page, 'bought');
});

test('two people follow the link of the letter, and each sees what the other does', async () => {
  const letters = await eventually('the letter', async () => {
    const inbox = await (await fetch(at.inbox)).json();
    const own = inbox.filter((letter) => letter.to.some((to) => to.includes(EMAIL)));
    return own.length > 0 && own;
  });
  assert.equal(letters.length, 1, 'one purchase, one letter');
  const [link] = letters[0].text.match(/http\S+\/l\/[A-Za-z0-9_-]{43}/);
  people.push(await Person.arrive(chromium, 'Bo'));
  for (const { page, name } of people) await sit(page, link, name);
  for (const { page } of people) {
    for (const { name } of people) await expectVisible(page.locator('#people').getByText(name, { exact: true }));
  }
  await picture(people[0].page, 'lobby');
  for (const { page } of people) await enter(page, ARRIVE);
  await people[0].page.getByRole('textbox', { name: text.chat.label, exact: true }).fill('is that a bell?');
  await people[0].page.getByRole('button', { name: text.chat.send, exact: true }).click();
  for (const { page } of people) await expectVisible(page.getByText('is that a bell?'));
  await picture(people[1].page, 'play');
});

test('no page complained', () => {
  assert.deepEqual(people.flatMap((person) => person.complaints), []);
});
