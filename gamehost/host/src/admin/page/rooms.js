// The table of rooms: sorted by the host, a page at a time, searched by id, asked for anew while it is looked at.

import { ask, byId, count, el, seconds } from './dom.js';

const EVERY = 2000;
const LIMIT = 25;

/** Key, heading, and how a row shows it. */
const COLUMNS = [
  ['id', 'Room', (row) => row.id],
  ['members', 'Members', (row) => count(row.members)],
  ['connections', 'Here now', (row) => count(row.connections)],
  ['records', 'Records', (row) => count(row.records)],
  ['rate', 'Per second', (row) => (row.rate == null ? '–' : count(row.rate))],
  ['unstored', 'Unstored', (row) => count(row.unstored)],
  ['quiet', 'Quiet for', (row) => seconds(row.quiet_s)],
  ['age', 'In memory', (row) => seconds(row.age_s)],
];

export class Rooms {
  /** @param {(id: string) => void} open */
  constructor(open) {
    Object.assign(this, { open, sort: 'rate', up: false, from: 0, find: '' });
    this.search = el('input', {
      type: 'search', placeholder: 'part of a room’s id', 'aria-label': 'Find rooms by id', autocomplete: 'off', spellcheck: 'false',
      oninput: () => { this.find = this.search.value.trim(); this.from = 0; this.refresh(); },
    });
    this.told = el('p', { class: 'quiet', role: 'status' });
    this.head = el('tr');
    this.rows = el('tbody');
    this.back = el('button', { type: 'button', onclick: () => this.page(-LIMIT) }, 'Back');
    this.forth = el('button', { type: 'button', onclick: () => this.page(LIMIT) }, 'Next');
    byId('rooms').append(
      el('div', { class: 'row' }, this.search, this.told),
      el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'rooms-title' },
        el('table', {}, el('thead', {}, this.head), this.rows)),
      el('p', { class: 'row pager' }, this.back, this.forth),
    );
    this.heads();
    this.refresh();
    setInterval(() => { if (!document.hidden) this.refresh(); }, EVERY);
  }

  heads() {
    this.head.replaceChildren(...COLUMNS.map(([key, name]) => {
      const sorted = this.sort === key ? (this.up ? 'ascending' : 'descending') : null;
      const mark = { ascending: ' ↑', descending: ' ↓' }[sorted] ?? '';
      return el('th', { scope: 'col', 'aria-sort': sorted },
        el('button', { type: 'button', onclick: () => this.by(key) }, name + mark));
    }));
  }

  by(key) {
    this.up = this.sort === key ? !this.up : key === 'id';
    Object.assign(this, { sort: key, from: 0 });
    this.heads();
    this.refresh();
  }

  page(step) {
    this.from = Math.max(0, this.from + step);
    this.refresh();
  }

  async refresh() {
    const asked = new URLSearchParams({ sort: this.sort, up: String(this.up), find: this.find, from: String(this.from), limit: String(LIMIT) });
    const turn = this.turn = Symbol('turn');
    try {
      const page = await ask(`rooms?${asked}`);
      // An answer that was overtaken by a newer question is not shown.
      if (turn === this.turn) this.show(page);
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  show(page) {
    const last = Math.min(page.from + page.rows.length, page.found);
    const shown = page.rows.length ? `${page.from + 1} to ${last} of ${count(page.found)}` : 'none';
    this.told.textContent = `${count(page.rooms)} in memory; shown: ${shown}`;
    this.back.disabled = page.from === 0;
    this.forth.disabled = last >= page.found;
    const focused = document.activeElement?.closest('tr')?.dataset.room;
    this.rows.replaceChildren(...page.rows.map((row) => this.row(row)));
    if (focused) this.rows.querySelector(`tr[data-room="${focused}"] button`)?.focus({ preventScroll: true });
  }

  row(row) {
    const cells = COLUMNS.slice(1).map(([, , shown]) => el('td', {}, shown(row)));
    const name = el('button', { type: 'button', class: 'link mono', onclick: () => this.open(row.id) }, row.id);
    const over = row.finished ? el('span', { class: 'quiet' }, ' finished') : null;
    return el('tr', { 'data-room': row.id }, el('td', {}, name, over), ...cells);
  }
}
