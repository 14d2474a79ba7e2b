//! What a host that rebuilds a room makes of its members' answers (P6.5 to P6.9), in the plainest way: a list of histories.

const GATHER_WITHIN_MS = 1_500;

export class Gathering {
  /** Who joined, in order. @type {{ peer: any, join: any, records: any[], believed: boolean, done: boolean }[]} */
  waiting = [];
  #came = new Set();
  #named = new Set();
  #histories = [];
  #until = Infinity;
  #log;
  #below;
  #issued;
  #now;

  /**
   * @param {any[]} log what the archive holds @param {number} below the new owner's epoch
   * @param {Map<string, { before: number, text: string }>} issued every record frame ever sent, and the epoch of the record before it
   * @param {() => number} now
   */
  constructor(log, below, issued, now) {
    this.#log = [...log];
    this.#below = below;
    this.#issued = issued;
    this.#now = now;
  }

  get peers() {
    return this.waiting.map(({ peer }) => peer);
  }

  get complete() {
    const answered = this.waiting.every(({ done }) => done) && [...this.#named].every((member) => this.#came.has(member));
    return this.#came.size > 0 && (answered || this.#now() >= this.#until);
  }

  arrive(peer, join) {
    this.#came.add(join.ticket);
    if (this.#until === Infinity) this.#until = this.#now() + GATHER_WITHIN_MS;
    const records = [];
    this.waiting.push({ peer, join, records, believed: true, done: false });
    this.#histories.push(records);
  }

  /** @returns {boolean} false when the answer is out of form or out of turn (P6.7) */
  vouch(peer, { records, online, more }) {
    const answer = this.waiting.find((one) => one.peer === peer);
    if (!answer || answer.done || (more && records.length === 0)) return false;
    for (const record of records) {
      if (!answer.believed) break;
      const last = answer.records.at(-1) ?? this.#log.at(-1);
      if (record.seq !== (last?.seq ?? 0) + 1) return false;
      const issued = this.#issued.get(`${record.epoch}.${record.seq}`);
      answer.believed = issued?.text === JSON.stringify(record) && issued.before === (last?.epoch ?? 0) && record.epoch < this.#below;
      const { op, mac, ...fields } = record;
      if (answer.believed) answer.records.push(fields);
    }
    for (const member of online) this.#named.add(member);
    answer.done = !more;
    return true;
  }

  gone(peer) {
    this.waiting = this.waiting.filter((one) => one.peer !== peer);
  }

  /** The history with the highest epoch, then the longest. */
  finish() {
    const rank = (records) => [records.at(-1)?.epoch ?? 0, records.length];
    return this.#histories.reduce((best, other) => {
      const [[epoch, length], [most, longest]] = [rank(other), rank(best)];
      return epoch > most || (epoch === most && length > longest) ? other : best;
    }, []);
  }
}
