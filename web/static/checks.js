// The technical check of the lobby: four things a game needs, each with a sentence in plain words. It measures; what follows
// from the results is for the person to decide, so nothing here stops anybody from playing.

/** @typedef {{ name: string, result: 'good' | 'bad' | 'checking', said: string }} Check */

/** Differences below this are delays of the network, not wrong clocks. */
const CLOCK_TOLERANCE_MS = 2000;
/** How long a connection may take before the check calls it blocked. The room goes on trying. */
const SOCKET_PATIENCE_MS = 10000;

/**
 * @param {Promise<unknown>} live settled when the room was reached
 * @returns {Promise<boolean>}
 */
export async function socketWorks(live) {
  const patience = new Promise((done) => setTimeout(() => done(false), SOCKET_PATIENCE_MS));
  return Promise.race([live.then(() => true, () => false), patience]).then(Boolean);
}

/** @returns {boolean} whether both storages keep what they are given */
export function storageWorks() {
  const probe = 'latchkey-check';
  try {
    for (const storage of [sessionStorage, localStorage]) {
      storage.setItem(probe, probe);
      const kept = storage.getItem(probe) === probe;
      storage.removeItem(probe);
      if (!kept) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {number} hostNow the host's clock in ms
 * @returns {number} whole seconds this computer's clock is off, 0 when it is near enough
 */
export function clockOff(hostNow) {
  const off = Math.abs(hostNow - Date.now());
  return off < CLOCK_TOLERANCE_MS ? 0 : Math.round(off / 1000);
}

/** @returns {boolean} whether sound can be made at all */
export function audioWorks() {
  return typeof AudioContext === 'function';
}

/** Plays two soft tones. Browsers allow sound only after a click, so this must be called from one. */
export async function chime() {
  const context = new AudioContext();
  await context.resume();
  [523.25, 783.99].forEach((pitch, index) => {
    const start = context.currentTime + index * 0.18;
    const tone = new OscillatorNode(context, { type: 'triangle', frequency: pitch });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.2, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.55);
  });
  setTimeout(() => context.close(), 1500);
}
