// Rooms whose records may be in the journal alone and that cannot be opened: shown while there are any, since each keeps
// the journal from forgetting.

import { ask, byId, confirmed, count, el, order, seconds } from './dom.js';

const EVERY = 5000;
const WHY = 'Why it cannot be opened';
const HEADINGS = ['Room', 'Owed for', 'Tries', WHY, ''];

export class Owed {
  constructor() {
    this.turn = 0;
    this.told = el('p', { class: 'quiet', role: 'status' });
    this.rows = el('tbody');
    this.section = byId('owed');
    this.section.append(
      this.told,
      el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'owed-title' },
        el('table', {}, el('thead', {}, el('tr', {}, ...HEADINGS.map((name) => el('th', { scope: 'col', class: name === WHY ? 'words' : '' }, name)))), this.rows)),
    );
    this.refresh();
    setInterval(() => { if (!document.hidden) this.refresh(); }, EVERY);
  }

  async refresh() {
    const turn = ++this.turn;
    let owed;
    try {
      owed = await ask('owed');
    } catch {
      // The line about the host's health says that it does not answer.
      return;
    }
    // A later one has been asked for, whose answer may be here already.
    if (turn !== this.turn) return;
    this.section.hidden = owed.rooms === 0;
    this.told.textContent = `${count(owed.rooms)} in all; those that are owed longest come first`;
    const focused = document.activeElement?.closest('tr')?.dataset.owed;
    this.rows.replaceChildren(...owed.rows.map((row) => this.row(row)));
    if (focused) this.rows.querySelector(`tr[data-owed="${focused}"] button`)?.focus({ preventScroll: true });
  }

  row({ id, age_s, failures, why }) {
    const aside = el('button', { type: 'button', onclick: () => this.putAside(id) }, 'Put aside …');
    const cells = [el('span', { class: 'mono' }, id), seconds(age_s), count(failures)].map((cell) => el('td', {}, cell));
    return el('tr', { 'data-owed': id }, ...cells, el('td', { class: 'words' }, why || 'not tried yet'), el('td', {}, failures ? aside : ''));
  }

  async putAside(id) {
    const text = `Everything of room ${id} that is not stored goes into a file in the journal’s folder, which nothing reads again, and the journal forgets it. Do this only when what is wrong cannot be mended.`;
    if (await confirmed('Put these records aside?', text, 'Put aside')) {
      await order(`rooms/${id}/aside`);
      await this.refresh();
    }
  }
}
