// The lobby: who is here, live; Begin; a change of name or colour; the technical check. The page works as plain forms without
// this script, except that the list does not move by itself.

import { join } from './sdk/index.js';
import { audioWorks, chime, clockOff, socketWorks, storageWorks } from './checks.js';

/** @typedef {import('./sdk/index.js').Room} Room */
/** @typedef {import('./sdk/index.js').ConnectionState} ConnectionState */

/** How long Begin waits for the room before it enters the game anyway: the press must not seem to do nothing. */
const BEGIN_PATIENCE_MS = 5000;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The lobby page has no #${id}.`);
  return /** @type {T} */ (found);
}

const lobby = element('lobby');
/** @type {Record<string, string>} */
const words = JSON.parse(lobby.dataset.words ?? '{}');
const people = element('people');
const presence = element('presence');
const beginForm = /** @type {HTMLFormElement} */ (element('begin'));
const beginButton = /** @type {HTMLButtonElement} */ (beginForm.querySelector('button'));
const beginSay = element('begin-say');
const personForm = /** @type {HTMLFormElement} */ (element('person'));
const saved = element('saved');

let begun = lobby.dataset.begun === 'true';
/** @type {Room | null} */
let room = null;
/** A profile saved on the site before the room was there to hear of it.
 * @type {{ name: string, colour: string } | null} */
let unheard = null;

/**
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 */
function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} colour */
function dot(colour) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'dot');
  svg.setAttribute('aria-hidden', 'true');
  const circle = document.createElementNS(space, 'circle');
  for (const [name, value] of Object.entries({ cx: '10', cy: '10', r: '9', fill: colour })) circle.setAttribute(name, value);
  svg.append(circle);
  return svg;
}

/** @param {Room} from */
function showPeople(from) {
  document.getElementById('nobody')?.remove();
  people.replaceChildren(
    ...from.members.map((member) => {
      const item = document.createElement('li');
      item.dataset.member = member.id;
      item.dataset.online = String(member.online);
      const name = document.createElement('bdi');
      name.className = 'name';
      name.textContent = member.name;
      const state = document.createElement('span');
      state.className = 'state';
      const where = (member.online ? words.online : words.away) ?? '';
      state.textContent = member.id === from.me ? `${words.you}, ${where}` : where;
      item.append(dot(member.colour), name, state);
      return item;
    }),
  );
}

/** @param {ConnectionState} state */
function showState(state) {
  lobby.dataset.state = state;
  presence.textContent =
    { connecting: words.connecting, live: words.live, waiting: words.waiting, 'taken-over': words.taken, ended: words.ended }[state] ?? '';
}

/** @param {string} [by] the member who began */
function showBegun(by) {
  if (begun) return;
  begun = true;
  const name = (by && room?.member(by)?.name) ?? '';
  if (by && by !== room?.me && name) {
    beginSay.textContent = fill(words.begun_by ?? '', { name });
    element('begin-box').classList.add('called');
  }
  beginButton.textContent = words.enter_game ?? '';
}

/** @param {SubmitEvent} event */
async function begin(event) {
  if (begun || !room) return;
  event.preventDefault();
  beginButton.disabled = true;
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error('late')), BEGIN_PATIENCE_MS));
  try {
    await Promise.race([room.say({ type: 'begin' }), late]);
    beginForm.submit();
  } catch {
    // The press after this one goes straight through: the game itself shows when the clock began, or begins it.
    begun = true;
    beginButton.disabled = false;
    beginSay.textContent = words.begin_failed ?? '';
  }
}

/** @param {SubmitEvent} event */
async function changePerson(event) {
  event.preventDefault();
  const fields = new FormData(personForm);
  const profile = { name: String(fields.get('name') ?? '').trim(), colour: String(fields.get('colour') ?? '') };
  saved.textContent = '';
  try {
    const body = new URLSearchParams(profile);
    const answer = await fetch(personForm.action, { method: 'POST', body, headers: { accept: 'application/json' } });
    if (!answer.ok) {
      const { message } = await answer.json();
      throw new Error(message);
    }
    saved.textContent = words.saved ?? '';
    // The site has it. The room hears of it when it can, which may be never if the seat plays elsewhere by now.
    if (room) room.profile(profile).catch(notSaved);
    else unheard = profile;
  } catch (error) {
    notSaved(error);
  }
}

/** @param {unknown} error */
function notSaved(error) {
  saved.textContent = fill(words.not_saved ?? '', { why: error instanceof Error ? error.message : String(error) });
}

/** @param {Promise<Room>} joining */
async function check(joining) {
  const box = element('checks');
  const list = /** @type {HTMLElement} */ (box.querySelector('.checks'));
  box.hidden = false;
  /** @type {(id: string, result: 'good' | 'bad' | 'checking', said: string | undefined) => void} */
  const show = (id, result, said) => {
    const item = list.querySelector(`[data-check="${id}"]`) ?? list.appendChild(document.createElement('li'));
    if (!(item instanceof HTMLElement)) return;
    item.dataset.check = id;
    item.dataset.result = result;
    const parts = ['mark', 'what', 'said'].map((name) => {
      const part = document.createElement('span');
      part.className = name;
      return part;
    });
    const [mark, what, sentence] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ (parts);
    mark.textContent = { good: '✓', bad: '✗', checking: '…' }[result];
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', { good: words.good, bad: words.bad, checking: words.checking }[result] ?? '');
    what.textContent = words[id] ?? '';
    sentence.textContent = said ?? '';
    item.replaceChildren(mark, what, sentence);
  };
  show('socket', 'checking', words.checking);
  show('storage', storageWorks() ? 'good' : 'bad', storageWorks() ? words.storage_good : words.storage_bad);
  show('clock', 'checking', words.checking);
  show('audio', audioWorks() ? 'good' : 'bad', audioWorks() ? words.audio_good : words.audio_bad);
  if (await socketWorks(joining)) {
    show('socket', 'good', words.socket_good);
    const off = clockOff((await joining).now());
    show('clock', 'good', off === 0 ? words.clock_good : fill(words.clock_off ?? '', { n: off }));
  } else {
    show('socket', 'bad', words.socket_bad);
    show('clock', 'bad', words.clock_bad);
  }
}

/** @param {Room} joined */
function enter(joined) {
  room = joined;
  showPeople(joined);
  showState(joined.state);
  joined.on('members', () => showPeople(joined));
  joined.on('record', (record) => {
    if (record.kind === 'said' && record.body?.type === 'begin' && record.from) showBegun(record.from);
  });
  if (unheard) joined.profile(unheard).catch(() => { saved.textContent = words.ended ?? ''; });
}

const joining = join({
  connect: lobby.dataset.connect ?? '',
  faults: lobby.dataset.faults ?? '',
  onState: showState,
});
joining.then(enter, () => showState('ended'));
check(joining);

beginForm.addEventListener('submit', begin);
personForm.addEventListener('submit', changePerson);
element('recheck').addEventListener('click', () => check(joining));
const sound = element('chime');
sound.hidden = !audioWorks();
sound.addEventListener('click', () => void chime().catch(() => { sound.hidden = true; }));
