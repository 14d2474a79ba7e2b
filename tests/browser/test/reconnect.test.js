//! What happens to players in the middle of a game: a reload, a closed laptop, a server that dies, a second tab. Nobody
//! loses a word, and nobody sees one twice.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARRIVE } from '../../../web/games/locked-study/test/walkthrough.js';
import { text } from '../../../web/games/locked-study/words.js';
import { Person, launch } from '../lib/browser.js';
import { look } from '../lib/look.js';
import { Platform } from '../lib/platform.js';
import { buy, enter, sit } from '../lib/shop.js';
import { eventually, expectGone, expectVisible } from '../lib/wait.js';

/** @type {Platform} */
let platform;
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Person} */
let ada;
/** @type {Person} */
let bob;
/** @type {string[]} everything said so far, in order */
const words = [];

/** @param {import('playwright-core').Page} page @param {string} said */
async function say(page, said) {
  words.push(said);
  await page.getByRole('textbox', { name: text.chat.label, exact: true }).fill(said);
  await page.getByRole('button', { name: text.chat.send, exact: true }).click();
}

/** Insists that the page shows everything said, in order and once. @param {import('playwright-core').Page} page @param {string} who */
async function heardAll(page, who) {
  const log = page.getByRole('group', { name: text.chat.log, exact: true });
  const numbers = async () => [...(await log.innerText()).matchAll(/word (\d+)\./g)].map((found) => Number(found[1]));
  await eventually(`${who} sees the last word`, async () => (await numbers()).length >= words.length);
  assert.deepEqual(await numbers(), words.map((_, at) => at + 1), `what ${who} sees`);
}

const word = () => `word ${words.length + 1}.`;
/** @param {import('playwright-core').Page} page */
const live = (page) => expectVisible(page.getByText(text.status.live).locator('visible=true'));

before(async () => {
  platform = await Platform.start('reconnect');
  chromium = await launch();
  ada = await Person.arrive(chromium, 'Ada');
  bob = await Person.arrive(chromium, 'Bob');
  const link = await buy(ada.page, platform.site, 'ada@example.org');
  for (const person of [ada, bob]) await sit(person.page, link, person.name);
  for (const person of [ada, bob]) await enter(person.page, ARRIVE);
  await say(ada.page, word());
  await heardAll(bob.page, 'Bob');
});
after(async () => {
  await chromium?.close();
  await platform?.stop();
});

test('a reload in the middle of the game loses nothing', async () => {
  await ada.page.getByRole('button', { name: text.spots.bookcase, exact: true }).click();
  await ada.page.getByRole('button', { name: text.bookcase.pull('bee'), exact: true }).click();
  await ada.page.reload();
  await ada.page.getByRole('button', { name: text.spots.bookcase, exact: true }).click();
  await expectVisible(ada.page.getByText(text.bookcase.out('bee')).or(ada.page.getByRole('button', { name: text.bookcase.out('bee') })));
  await ada.page.getByRole('button', { name: text.close, exact: true }).click();
  await heardAll(ada.page, 'Ada');
  // Said and reloaded at once: either it was ordered, or the page keeps it and says it again.
  await say(ada.page, word());
  await ada.page.reload();
  for (const person of [ada, bob]) await heardAll(person.page, person.name);
});

test('a laptop that was closed comes back to what was said meanwhile', async () => {
  const network = await bob.context.newCDPSession(bob.page);
  await network.send('Network.enable');
  const offline = { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 };
  await network.send('Network.emulateNetworkConditions', offline);
  await bob.context.setOffline(true);
  await say(ada.page, word());
  // Said without a network: shown at once, and ordered later.
  await say(bob.page, word());
  await expectVisible(bob.page.getByText(words.at(-1)));
  await bob.context.setOffline(false);
  await network.send('Network.emulateNetworkConditions', { ...offline, offline: false, downloadThroughput: -1, uploadThroughput: -1 });
  await network.detach();
  for (const person of [ada, bob]) await eventually(`${person.name} hears both`, async () => {
    const log = await person.page.getByRole('group', { name: text.chat.log, exact: true }).innerText();
    return words.every((said) => log.split(said).length === 2);
  });
  // Which of the two words came first is the host's choice; all further checks go by what it chose.
  const log = await ada.page.getByRole('group', { name: text.chat.log, exact: true }).innerText();
  assert.equal(await bob.page.getByRole('group', { name: text.chat.log, exact: true }).innerText().then((heard) => order(heard)), order(log));
});

/** @param {string} log */
const order = (log) => [...log.matchAll(/word (\d+)\./g)].map((found) => found[1]).join();

test('a server that dies comes back to players who hardly notice', async () => {
  await platform.kill();
  await expectVisible(ada.page.getByText(/The connection is lost/).locator('visible=true'));
  await look(ada.page, 'play-connection-lost');
  await say(ada.page, word());
  await platform.restart();
  for (const person of [ada, bob]) await live(person.page);
  await say(bob.page, word());
  for (const person of [ada, bob]) await eventually(`${person.name} hears everything`, async () => {
    const log = await person.page.getByRole('group', { name: text.chat.log, exact: true }).innerText();
    return words.every((said) => log.split(said).length === 2);
  });
});

test('a second tab takes the seat over, and the first can take it back', async () => {
  const tab = await ada.open();
  await tab.goto(ada.page.url());
  await live(tab);
  const told = ada.page.getByRole('dialog', { name: text.status.takenTitle });
  await expectVisible(told);
  await look(ada.page, 'play-taken-over');
  await say(tab, word());
  await ada.page.getByRole('button', { name: text.status.takeBack, exact: true }).click();
  await expectGone(told);
  await expectVisible(tab.getByRole('dialog', { name: text.status.takenTitle }));
  await eventually('the first tab hears what was said in the second', async () => (await ada.page.getByRole('group', { name: text.chat.log, exact: true }).innerText()).includes(words.at(-1)));
  await tab.close();
  await say(ada.page, word());
  await expectVisible(bob.page.getByText(words.at(-1)));
});

test('no page complained about anything but the network', () => {
  const network = /net::ERR_|WebSocket connection|Failed to load resource/;
  const complaints = [ada, bob].flatMap((person) => person.complaints).filter((complaint) => !network.test(complaint));
  assert.deepEqual(complaints, []);
});
