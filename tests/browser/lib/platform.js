//! The real binary as a process, for the browser suite: started on a data folder of its own, killed, restarted, stopped.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const HERE = import.meta.dirname;
/** Where logs and screenshots are left. */
export const OUTPUT = process.env.LATCHKEY_OUTPUT ?? path.join(HERE, '../../output');
const READY_WITHIN_MS = 20_000;

function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(HERE, '../../../target');
  const file = process.env.LATCHKEY_BIN ?? path.join(target, 'debug/latchkey');
  if (!existsSync(file)) throw new Error(`No binary at ${file}: run "cargo build -p latchkey", or set LATCHKEY_BIN.`);
  return file;
}

export class Platform {
  /** @param {string} name names its log @param {string[]} more arguments of `latchkey up` */
  static async start(name, ...more) {
    const platform = new Platform(name, more);
    await platform.#spawn(0);
    return platform;
  }

  /** @param {string} name @param {string[]} [more] */
  constructor(name, more = []) {
    this.more = more;
    mkdirSync(path.join(OUTPUT, 'logs'), { recursive: true });
    this.folder = mkdtempSync(path.join(tmpdir(), 'latchkey-browser-'));
    this.log = createWriteStream(path.join(OUTPUT, 'logs', `browser-${name}.log`));
    this.site = '';
    this.admin = '';
  }

  /** @param {number} port */
  async #spawn(port) {
    const args = ['up', '--data', this.folder, '--port', String(port), '--json', ...this.more];
    this.child = spawn(binary(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr.pipe(this.log, { end: false });
    const lines = createInterface({ input: this.child.stdout });
    const line = once(lines, 'line').then(([text]) => text);
    const died = once(this.child, 'exit').then(([code]) => { throw new Error(`The platform ended with ${code}; see its log.`); });
    died.catch(() => undefined);
    let timer;
    const late = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Error('The platform was not ready in time; see its log.')), READY_WITHIN_MS);
    });
    try {
      ({ site: this.site, admin: this.admin } = JSON.parse(await Promise.race([line, died, late])));
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the admin listener asks for. */
  credential() {
    return { username: 'operator', password: readFileSync(path.join(this.folder, 'admin-password'), 'utf8').trim() };
  }

  /** Ends the process as a power cut would. */
  async kill() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** Starts it again on the same data and port. */
  async restart() {
    await this.#spawn(Number(new URL(this.site).port));
  }

  /** Stops it as an operator does, and leaves nothing behind. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const [code] = await gone;
      if (code !== 0) throw new Error(`The platform stopped with ${code}; see its log.`);
    }
    this.log.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
