//! Plays the scripted walkthrough of The Locked Study: with a mouse and four people, or with the keys alone and one.

import { text } from '../../../web/games/locked-study/words.js';

/** @typedef {import('../../../web/games/locked-study/test/walkthrough.js').Step} Step */
/** @typedef {import('playwright-core').Page} Page */

/** More presses of Tab than any view has controls. */
const TABS = 250;

/** @param {Page} page @param {Step} step */
const target = (page, step) => page.getByRole(step.role, { name: step.name, exact: true });

/** @param {Page} page @param {Step} step */
async function outcome(page, step) {
  if (step.has) await target(page, step).getByText(step.has, { exact: true }).first().waitFor({ state: 'visible' });
  if (step.see) await page.getByText(step.see).first().waitFor({ state: 'attached' });
}

/**
 * Does one step with the mouse.
 * @param {Page[]} pages
 * @param {Step} step
 */
export async function byMouse(pages, step) {
  const page = pages[step.player];
  const element = target(page, step);
  if (step.type) await element.fill(step.type);
  else if (!step.has) for (let times = step.times ?? 1; times > 0; times -= 1) await element.click();
  await outcome(page, step);
}

/** Presses Tab until `element` has the focus. @param {Page} page @param {import('playwright-core').Locator} element @param {string} name */
async function tabTo(page, element, name) {
  await element.first().waitFor({ state: 'visible' });
  for (let tabs = 0; tabs < TABS; tabs += 1) {
    if (await element.first().evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`No number of Tabs reaches "${name}"`);
}

/** Tabs to a control and presses it. @param {Page} page @param {import('playwright-core').Locator} element @param {string} name @param {string} [key] */
export async function pressBy(page, element, name, key = 'Enter') {
  await tabTo(page, element, name);
  await page.keyboard.press(key);
}

/** Tabs to a field and types. @param {Page} page @param {import('playwright-core').Locator} element @param {string} name @param {string} words */
export async function typeBy(page, element, name, words) {
  await tabTo(page, element, name);
  await page.keyboard.type(words);
}

/**
 * One person who plays all parts with the keys alone: steps back and changes the view where another part left off.
 */
export class Keyboard {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.view = 'study';
  }

  /** @param {Step} step */
  async step(step) {
    const { page } = this;
    const element = target(page, step);
    const back = page.getByRole('button', { name: text.close, exact: true });
    if (step.name === text.close) {
      if (await back.isVisible()) await page.keyboard.press('Escape');
      return;
    }
    if (step.view !== this.view && step.name !== text.views[step.view]) await this.go(step.view);
    // What stands in the room is out of reach while a close-up is open.
    const inRoom = Object.values(text.spots).includes(step.name);
    if (inRoom && (await back.isVisible())) await page.keyboard.press('Escape');
    if (step.type) await typeBy(page, element, step.name, step.type);
    else if (!step.has) {
      await tabTo(page, element, step.name);
      for (let times = step.times ?? 1; times > 0; times -= 1) await page.keyboard.press('Enter');
    }
    if (step.name === text.passage.go) this.view = 'observatory';
    if (step.name === text.views.study) this.view = 'study';
    if (step.name === text.views.observatory) this.view = 'observatory';
    await outcome(page, step);
  }

  /** @param {'study' | 'observatory'} view */
  async go(view) {
    if (await this.page.getByRole('button', { name: text.close, exact: true }).isVisible()) await this.page.keyboard.press('Escape');
    const name = text.views[view];
    await pressBy(this.page, this.page.getByRole('button', { name, exact: true }), name);
    this.view = view;
  }
}
