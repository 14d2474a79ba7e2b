//! The way from the catalogue to the game, as people click it.

import { expectVisible } from './wait.js';

/**
 * Buys on `page` and returns the address of the game's link. `at` is called on every page on the way.
 * @param {import('playwright-core').Page} page
 * @param {string} site
 * @param {string} email
 * @param {(name: string) => Promise<void>} [at]
 */
export async function buy(page, site, email, at = async () => undefined) {
  await page.goto(site);
  await at('catalogue');
  await page.getByRole('link', { name: 'The Locked Study' }).click();
  await page.getByRole('heading', { level: 1, name: 'The Locked Study' }).waitFor();
  await at('title');
  await page.getByRole('link', { name: 'Buy this game' }).click();
  await page.getByRole('heading', { level: 1, name: 'Nearly yours' }).waitFor();
  await at('checkout');
  await page.getByRole('button', { name: 'Continue to payment' }).click();
  await page.getByRole('heading', { name: 'Please check what you entered' }).waitFor();
  await at('checkout-errors');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Country').selectOption('DE');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Continue to payment' }).click();
  await page.getByRole('heading', { name: 'Pay with a pretended card' }).waitFor();
  await at('till');
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Your game is ready' }).waitFor();
  await at('thanks');
  return page.getByRole('link', { name: 'Go to the game' }).getAttribute('href');
}

/**
 * Takes a seat through the link and arrives in the lobby.
 * @param {import('playwright-core').Page} page
 * @param {string} link
 * @param {string} name
 */
export async function sit(page, link, name) {
  await page.goto(link);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Take this seat' }).click();
  await expectVisible(page.getByText('Connected. This list is live.'));
}

/**
 * Begins from the lobby, or enters the game that another one began, and closes the story.
 * @param {import('playwright-core').Page} page
 * @param {string[]} arrive names of the buttons that close the story
 */
export async function enter(page, arrive) {
  await page.getByRole('button', { name: /^(Begin|Enter the game)$/ }).click();
  await page.waitForURL('**/play');
  await arriveIn(page, arrive);
}

/**
 * Closes the story on the play page.
 * @param {import('playwright-core').Page} page
 * @param {string[]} arrive
 */
export async function arriveIn(page, arrive) {
  const names = arrive.map((name) => page.getByRole('dialog').getByRole('button', { name, exact: true }));
  await names.reduce((one, other) => one.or(other)).click();
}
