//! The list of members. Its source is the welcome, then the records after the welcome's tail, then presence.

/** Who has a seat, and who is here. Every change makes a new list, so that it can be compared and kept. */
export class Members {
  /** @type {readonly import('./types.js').Member[]} */
  list = Object.freeze([]);
  #asOf = 0;

  /** @param {readonly import('./types.js').Member[]} list as of record `tail` @param {number} tail */
  welcome(list, tail) {
    this.#set(list.map(({ id, name, colour, online }) => ({ id, name, colour, online: Boolean(online) })));
    this.#asOf = tail;
  }

  /**
   * Records up to the welcome's tail are history: the list is of a later time already (P4.1).
   * @param {import('./types.js').LogRecord} record
   * @returns {boolean} whether the list changed
   */
  record({ seq, from, kind, body }) {
    if (seq <= this.#asOf || from === null) return false;
    this.#asOf = seq;
    if (kind === 'left') {
      this.#set(this.list.filter(({ id }) => id !== from));
      return true;
    }
    if (kind !== 'joined' && kind !== 'profile') return false;
    const known = this.list.find(({ id }) => id === from);
    const member = { id: from, name: String(body?.name ?? ''), colour: String(body?.colour ?? ''), online: known?.online ?? kind === 'joined' };
    this.#set(known ? this.list.map((other) => (other === known ? member : other)) : [...this.list, member]);
    return true;
  }

  /** Who was last seen with a live connection. */
  get online() {
    return this.list.filter(({ online }) => online).map(({ id }) => id);
  }

  /** @param {readonly string[]} online @returns {boolean} whether the list changed */
  presence(online) {
    const here = new Set(online);
    if (this.list.every((member) => member.online === here.has(member.id))) return false;
    this.#set(this.list.map((member) => ({ ...member, online: here.has(member.id) })));
    return true;
  }

  /** @param {import('./types.js').Member[]} list */
  #set(list) {
    this.list = Object.freeze(list.map((member) => Object.freeze(member)));
  }
}
