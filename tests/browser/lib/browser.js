//! Chromium, and people in it: each person is a browser context of their own. What a page complains about is kept,
//! so that a test can insist that it was nothing.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** How long anything on a page may take before it counts as broken. */
export const PATIENCE_MS = 15_000;
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

function executable() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const files = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const found = process.env.LATCHKEY_CHROMIUM ?? files.find((file) => existsSync(file));
  if (!found) throw new Error('No Chromium in the PATH: install it, or set LATCHKEY_CHROMIUM.');
  return found;
}

export const launch = () => chromium.launch({ executablePath: executable(), headless: true, args: FLAGS });

export class Person {
  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} name
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  static async arrive(browser, name, options = {}) {
    const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const person = new Person(name, context);
    person.page = await person.open();
    return person;
  }

  /** @param {string} name @param {import('playwright-core').BrowserContext} context */
  constructor(name, context) {
    this.name = name;
    this.context = context;
    /** @type {string[]} what pages complained about */
    this.complaints = [];
  }

  /** A tab whose complaints are kept. */
  async open() {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.stack ?? error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    });
    return page;
  }

  async leave() {
    await this.context.close();
  }
}
