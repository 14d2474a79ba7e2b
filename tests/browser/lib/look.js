//! Looking at a page: axe-core finds no violation, nothing hangs over the edge of a phone, and screenshots of both sizes
//! are kept for people to look at.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DESKTOP, PHONE } from './browser.js';
import { OUTPUT } from './platform.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SHOTS = path.join(OUTPUT, 'screenshots');

/** How many looks were taken, for the closing line. */
export const looks = { pages: 0, checks: 0 };

/**
 * Insists that axe-core finds nothing.
 * @param {import('playwright-core').Page} page
 * @param {string} what names the page in the failure
 */
export async function accessible(page, what) {
  // Evaluated by the debugger, which the page's content security policy does not concern.
  await page.evaluate(AXE);
  const found = await page.evaluate(async (rules) => {
    const { violations } = await globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `    ${node.html}\n    ${node.failureSummary}`).join('\n')}`);
  }, RULES);
  looks.checks += 1;
  assert.deepEqual(found, [], `axe-core on ${what}`);
}

/**
 * Checks the page on a desktop and on a phone and keeps a picture of both.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
export async function look(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  looks.pages += 1;
  const before = page.viewportSize() ?? DESKTOP;
  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: path.join(SHOTS, `${name}-${size}.png`), fullPage: true });
    await accessible(page, `${name} (${size})`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels wider than a ${size}`);
  }
  await page.setViewportSize(before);
}
