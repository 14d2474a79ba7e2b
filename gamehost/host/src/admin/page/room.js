// One room opened: its members, what may be done to it, and its records as they come.

import { ask, byId, confirmed, count, el, order, seconds, tell } from './dom.js';

const EVERY = 2000;
/** Records that are kept on the page. */
const KEPT = 200;

export class Room {
  /**
   * @param {string} id
   * @param {() => void} close
   */
  constructor(id, close) {
    Object.assign(this, { id, path: `rooms/${id}`, names: false, close });
    this.facts = el('dl', { class: 'facts' });
    this.members = el('ul', { class: 'members' });
    this.records = el('ol', { class: 'records', tabindex: 0, 'aria-label': 'Records' });
    this.watching = el('p', { class: 'quiet', role: 'status' });
    this.build();
    this.refresh();
    this.watch();
    this.timer = setInterval(() => { if (!document.hidden) this.refresh(); }, EVERY);
  }

  build() {
    const text = el('input', { type: 'text', maxlength: 2000, 'aria-label': 'Notice to all members', placeholder: 'Notice to all members', required: true });
    const notice = el('form', { class: 'row' }, text, el('button', {}, 'Put up'));
    notice.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (await order(`${this.path}/notice`, { text: text.value })) text.value = '';
    });
    const show = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.showNames(show) }, 'Show names');
    const section = byId('room');
    section.replaceChildren(
      el('div', { class: 'head' },
        el('h2', { id: 'room-title', tabindex: -1 }, 'Room ', el('span', { class: 'mono' }, this.id)),
        el('button', { type: 'button', onclick: this.close }, 'Shut this view')),
      this.facts,
      el('h3', {}, 'Members'),
      this.members,
      el('p', { class: 'row' }, show,
        el('button', { type: 'button', onclick: () => this.handOver() }, 'Hand over …'),
        el('button', { type: 'button', class: 'strong', onclick: () => this.end() }, 'Close the room …')),
      notice,
      el('h3', {}, 'Records as they come'),
      this.watching,
      this.records,
    );
    section.hidden = false;
    byId('room-title').focus();
    section.scrollIntoView({ block: 'start' });
  }

  /** Names are personal: they are fetched only when the operator wants them. */
  showNames(button) {
    this.names = !this.names;
    button.setAttribute('aria-pressed', String(this.names));
    button.textContent = this.names ? 'Hide names' : 'Show names';
    this.refresh();
    this.watch();
  }

  async refresh() {
    try {
      const room = await ask(`${this.path}?names=${this.names}`);
      if (!this.shut) this.show(room);
    } catch (error) {
      this.facts.replaceChildren(el('dd', { class: 'bad' }, error.message));
      this.members.replaceChildren();
    }
  }

  show(room) {
    const ago = room.last_at ? seconds(Math.max(0, (Date.now() - room.last_at) / 1000)) : '–';
    const facts = [['Epoch', room.epoch], ['Records', count(room.tail)], ['Stored', count(room.stored)],
      ['Connections', room.connections], ['Last record', `${ago} ago`], ['In memory', seconds(room.age_s)],
      ['Game', room.finished ? `over since record ${room.finished}` : 'being played']];
    this.facts.replaceChildren(...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(value)))));
    const wanted = JSON.stringify(room.members);
    if (this.known === wanted) return;
    this.known = wanted;
    this.members.replaceChildren(...room.members.map((member) => this.member(member)));
  }

  member(member) {
    const swatch = el('span', { class: 'swatch' });
    swatch.style.backgroundColor = member.colour;
    const name = member.name ? ` ${member.name}` : '';
    return el('li', {},
      el('span', { class: 'who' }, swatch, el('span', { class: 'mono' }, member.id), name),
      el('span', { class: member.online ? 'good' : 'quiet' }, member.online ? 'here' : 'away'),
      el('button', { type: 'button', onclick: () => this.kick(member.id) }, 'Kick …'));
  }

  async kick(member) {
    const text = `Member ${member} loses its seat for good: it cannot come back to this game, and the others see that it left.`;
    if (!await confirmed('Take this seat away?', text, 'Take it away')) return;
    await order(`${this.path}/members/${member}/kick`);
    this.refresh();
  }

  async handOver() {
    const text = 'The room moves to the host that carries least. Its members follow by themselves and hardly notice.';
    if (!await confirmed('Hand this room over?', text, 'Hand it over')) return;
    await order(`${this.path}/handover`);
    this.refresh();
  }

  async end() {
    const text = 'All members are told that the game was closed, and their pages do not come back by themselves. Nothing that was said is lost.';
    if (!await confirmed('Close this room?', text, 'Close the room')) return;
    await order(`${this.path}/close`);
    this.refresh();
  }

  /** Reads the records from where memory begins. The browser comes back by itself with its position. */
  watch() {
    this.events?.close();
    this.records.replaceChildren();
    this.events = new EventSource(`${this.path}/records?names=${this.names}`);
    this.events.onopen = () => { this.watching.textContent = 'Watching.'; };
    this.events.onerror = () => { this.watching.textContent = 'Not watching just now; the room may have left memory.'; };
    this.events.addEventListener('record', (event) => this.add(record(JSON.parse(event.data))));
    this.events.addEventListener('gap', (event) => {
      const { after, to } = JSON.parse(event.data);
      this.add(el('li', { class: 'gap' }, `Records ${after + 1} to ${to} are only in the archive.`));
    });
    this.events.addEventListener('ended', (event) => {
      this.events.close();
      this.watching.textContent = 'The room is not in this host’s memory any more.';
      tell(`The room ended here: ${JSON.parse(event.data).why}.`);
    });
  }

  add(item) {
    const list = this.records;
    const following = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(item);
    while (list.childElementCount > KEPT) list.firstChild.remove();
    if (following) list.scrollTop = list.scrollHeight;
  }

  /** Ends what the view does in the background. */
  endView() {
    this.shut = true;
    clearInterval(this.timer);
    this.events?.close();
    byId('room').hidden = true;
    byId('room').replaceChildren();
  }
}

function record(record) {
  const more = record.cut ? ` … and ${count(record.cut)} bytes more` : '';
  return el('li', {},
    el('span', { class: 'mono' }, String(record.seq)),
    el('strong', {}, record.kind),
    el('span', { class: 'mono quiet' }, record.from ?? 'the operator'),
    el('time', { class: 'quiet', datetime: new Date(record.at).toISOString() }, new Date(record.at).toLocaleTimeString()),
    el('pre', { class: 'body mono' }, record.body + more));
}
