//! The world around rooms in tests: a clock moved by hand, sockets whose frames travel when told to, a site, storage.

/** Time that only moves when told. */
export class Clock {
  now = 50_000;
  #timers = new Map();
  #id = 0;

  /** Timers of one page, which die with it. */
  timers(alive = () => true) {
    return {
      setTimeout: (run, ms) => {
        this.#id += 1;
        this.#timers.set(this.#id, { at: this.now + ms, run: () => { if (alive()) run(); } });
        return this.#id;
      },
      clearTimeout: (id) => this.#timers.delete(id),
    };
  }

  get next() {
    return Math.min(Infinity, ...[...this.#timers.values()].map(({ at }) => at));
  }

  /** Runs what is due within `ms`, in order, letting promises settle in between. */
  async pass(ms) {
    const until = this.now + ms;
    for (let [id, timer] = this.#first(); timer && timer.at <= until; [id, timer] = this.#first()) {
      this.now = Math.max(this.now, timer.at);
      this.#timers.delete(id);
      timer.run();
      await settled();
    }
    this.now = until;
    await settled();
  }

  #first() {
    return [...this.#timers].reduce((first, entry) => (first[1] && first[1].at <= entry[1].at ? first : entry), [0, undefined]);
  }
}

/** Resolves when all promises that can settle have. */
export function settled() {
  return new Promise((resolve) => { setImmediate(resolve); });
}

/** A socket and the host's end of it. Frames wait in both directions until they are delivered. */
export class Link {
  readyState = 0;
  up = [];
  down = [];
  #network;
  #open = true;

  constructor(network, url) {
    this.url = url;
    this.#network = network;
    network.links.add(this);
    this.peer = {
      link: this,
      member: undefined,
      send: (frame) => { if (this.#open) this.down.push(JSON.stringify(frame)); },
      close: (code) => { if (this.#open) this.down.push(code); this.#open = false; },
    };
    this.down.push('open');
  }

  // The page's end

  send(text) {
    this.up.push(text);
  }

  close() {
    this.readyState = 3;
    this.up.push(null);
  }

  /** The page behind it vanished: what it sent may still arrive, and it hears nothing more. */
  abandon() {
    this.onopen = this.onmessage = this.onclose = null;
    this.close();
  }

  // The network's

  /** Delivers the oldest frame towards the page. */
  deliverDown() {
    const frame = this.down.shift();
    if (frame === undefined || this.readyState === 3) return;
    if (frame === 'open') {
      this.readyState = 1;
      this.onopen?.();
    } else if (typeof frame === 'number') this.#closed(frame);
    else this.onmessage?.({ data: frame });
  }

  /** Delivers the oldest frame towards the host. */
  deliverUp() {
    const text = this.up.shift();
    if (text === undefined || !this.#open) return;
    if (text === null) this.#lost();
    else this.#network.host.frame(this.peer, JSON.parse(text));
  }

  /** Cuts the line: what travels is lost, and both ends learn of it. */
  cut(code = 1006) {
    this.up.length = this.down.length = 0;
    this.#lost();
    if (this.readyState !== 3) this.#closed(code);
  }

  #lost() {
    this.#network.host.gone(this.peer);
    this.#open = false;
    if (this.readyState === 3) this.#network.links.delete(this);
  }

  #closed(code) {
    this.readyState = 3;
    this.#network.host.gone(this.peer);
    this.#network.links.delete(this);
    this.onclose?.({ code });
  }
}

/** All links to one host, and the site that gives out tickets. */
export class Network {
  /** @type {Set<Link>} */
  links = new Set();
  /** What the site answers to a request to connect, instead of a ticket. */
  answer = null;
  requests = [];

  constructor(host) {
    this.host = host;
  }

  /** What `join` needs for a page of this member. */
  worldOf(member, clock, more = {}) {
    const network = this;
    const alive = more.alive ?? (() => true);
    return {
      connect: `/games/x/connect?${member}`,
      fetch: async (url, request) => {
        network.requests.push({ url, request });
        const { status = 200, body = { url: 'ws://host/s/1/room', ticket: member }, headers = {} } = network.answer?.(url) ?? {};
        return { ok: status < 300, status, headers: new Map(Object.entries(headers)), text: async () => (typeof body === 'string' ? body : JSON.stringify(body)) };
      },
      WebSocket: class extends Link {
        constructor(url, protocol) {
          super(network, url);
          this.protocol = protocol;
          this.owner = more.owner;
        }
      },
      storage: more.storage ?? new MemoryStorage(),
      origin: 'http://host',
      random: more.random ?? (() => 0.5),
      now: () => clock.now,
      timers: clock.timers(alive),
      page: more.page ?? null,
      ...more.options,
    };
  }

  /** Delivers everything, in both directions, until nothing travels. */
  async flow() {
    for (let moved = true; moved;) {
      moved = false;
      for (const link of [...this.links]) {
        while (link.up.length > 0) { link.deliverUp(); moved = true; }
        while (link.down.length > 0) { link.deliverDown(); moved = true; }
      }
      await settled();
    }
  }
}

export class MemoryStorage extends Map {
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, value); }
  removeItem(key) { this.delete(key); }
}

/** A page whose events tests fire. */
export class FakePage {
  shown = true;
  #listeners = [];
  addEventListener(type, run) {
    this.removeEventListener(type, run);
    this.#listeners.push({ type, run });
  }
  removeEventListener(type, run) { this.#listeners = this.#listeners.filter((other) => other.type !== type || other.run !== run); }
  visible() { return this.shown; }
  fire(type, event = {}) { for (const { run } of this.#listeners.filter((other) => other.type === type)) run(event); }
  listens(type) { return this.#listeners.some((other) => other.type === type); }
}
