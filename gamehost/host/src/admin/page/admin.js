// The operator's page of one host: figures as they come, the table of rooms, and one room opened by the address's hash.

import { Charts } from './charts.js';
import { ask, byId, bytes, count } from './dom.js';
import { Owed } from './owed.js';
import { Room } from './room.js';
import { Rooms } from './rooms.js';

const HEALTH_EVERY = 5000;

function figures() {
  const charts = new Charts(byId('charts'));
  const events = new EventSource('live');
  const stream = byId('stream');
  events.onopen = () => { stream.textContent = ''; };
  events.onerror = () => { stream.textContent = 'The host does not answer; trying again …'; };
  events.addEventListener('history', (event) => charts.add(JSON.parse(event.data), true));
  events.addEventListener('samples', (event) => charts.add(JSON.parse(event.data), false));
}

async function about() {
  const host = await ask('host');
  byId('slot').textContent = host.slot;
  document.title = `Latchkey host ${host.slot}`;
  byId('about').textContent = `version ${host.version}; at most ${count(host.connections_limit)} connections, ${count(host.rooms_limit)} rooms, ${bytes(host.journal_limit_bytes)} of journal`;
}

async function health() {
  const shown = byId('health');
  try {
    const response = await fetch('readyz', { headers: { accept: 'application/json' } });
    const { ok, checks } = await response.json();
    const bad = checks.filter((check) => !check.ok).map((check) => check.detail);
    shown.className = ok ? 'good' : 'bad';
    const text = ok ? 'Ready.' : `Not ready: ${bad.join('; ')}.`;
    if (shown.textContent !== text) shown.textContent = text;
  } catch {
    shown.className = 'bad';
    shown.textContent = 'The host does not answer.';
  }
}

let opened;

/** Opens the room that the address names, so that it can be kept and sent. */
function follow() {
  const id = location.hash.match(/^#room=([0-9a-z]{20})$/)?.[1];
  if (opened?.id === id) return;
  opened?.endView();
  opened = id && new Room(id, () => { location.hash = ''; });
}

figures();
about().catch(() => {});
health();
setInterval(() => { if (!document.hidden) health(); }, HEALTH_EVERY);
new Owed();
new Rooms((id) => { location.hash = `room=${id}`; });
addEventListener('hashchange', follow);
follow();
