//! Every sound of the game, made by WebAudio while it plays. Whether sound is wanted is remembered by this browser.

import { memory } from './ui/dom.js';

/** Frequencies of the five bells, small to large, in hertz. */
const BELL_TONES = [1174.7, 1046.5, 880, 784, 659.3];
const VOLUME = 0.5;

export class Sound {
  constructor() {
    this.on = memory.get('sound') !== 'off';
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {GainNode | null} */
    this.out = null;
    // Browsers let a page make sound only after the person has done something on it.
    for (const gesture of ['pointerdown', 'keydown']) document.addEventListener(gesture, () => this.wake(), { passive: true });
  }

  /** @param {boolean} on */
  set(on) {
    this.on = on;
    memory.set('sound', on ? 'on' : 'off');
    if (this.out && this.context) this.out.gain.setTargetAtTime(on ? VOLUME : 0, this.context.currentTime, 0.05);
    if (on) this.wake();
  }

  wake() {
    if (!this.on) return;
    if (this.context) {
      if (this.context.state === 'suspended') this.context.resume().catch(() => undefined);
      return;
    }
    try {
      this.context = new AudioContext();
    } catch {
      return; // No audio device: the game is complete without it.
    }
    this.out = this.context.createGain();
    this.out.gain.value = VOLUME;
    this.out.connect(this.context.destination);
    this.rain(this.context, this.out);
  }

  /** A wheel moving by one notch. */
  notch() {
    this.tone(320, 0.04, { type: 'square', gain: 0.06 });
    this.tone(1900, 0.02, { gain: 0.05 });
  }

  /** A book, a page, a thing taken. */
  slide() {
    this.tone(180, 0.12, { type: 'triangle', gain: 0.2, to: 90 });
  }

  wrong() {
    this.tone(150, 0.16, { type: 'triangle', gain: 0.3, to: 70 });
    this.tone(110, 0.2, { type: 'triangle', gain: 0.25, to: 60, wait: 0.12 });
  }

  /** Something opens. */
  opened() {
    [392, 523.3, 659.3, 784, 1046.5].forEach((tone, i) => this.tone(tone, 0.9, { gain: 0.13, wait: i * 0.09 }));
    this.tone(65, 0.5, { type: 'triangle', gain: 0.3, to: 40 });
  }

  escaped() {
    [261.6, 329.6, 392, 523.3, 659.3, 784, 1046.5, 1318.5].forEach((tone, i) => this.tone(tone, 1.8, { gain: 0.12, wait: i * 0.13 }));
  }

  chat() {
    this.tone(880, 0.1, { gain: 0.07 });
    this.tone(1174.7, 0.14, { gain: 0.07, wait: 0.08 });
  }

  purr() {
    for (let i = 0; i < 14; i += 1) this.tone(46 + (i % 2) * 6, 0.07, { type: 'sawtooth', gain: 0.07, wait: i * 0.075 });
  }

  /** @param {number} bell 1 to 5 */
  bell(bell) {
    const tone = BELL_TONES[bell - 1] ?? 880;
    [[1, 0.3, 1.6], [2.76, 0.1, 0.8], [5.4, 0.05, 0.4]].forEach(([ratio = 1, gain = 0, length = 1]) => this.tone(tone * ratio, length, { gain }));
  }

  /** What another player did. @param {import('./rules.js').What} what */
  deed(what) {
    if (what === 'opened') this.opened();
    else if (what === 'wrong') this.wrong();
    else if (what === 'took' || what === 'fitted') this.slide();
  }

  /**
   * @param {number} from hertz
   * @param {number} length seconds
   * @param {{type?: OscillatorType, gain?: number, to?: number, wait?: number}} how
   */
  tone(from, length, { type = 'sine', gain = 0.1, to, wait = 0 }) {
    if (!this.on || !this.context || !this.out) return;
    const start = this.context.currentTime + wait;
    const oscillator = this.context.createOscillator();
    const envelope = this.context.createGain();
    oscillator.type = type;
    oscillator.frequency.setValueAtTime(from, start);
    if (to) oscillator.frequency.exponentialRampToValueAtTime(to, start + length);
    envelope.gain.setValueAtTime(0.0001, start);
    envelope.gain.exponentialRampToValueAtTime(gain, start + 0.008);
    envelope.gain.exponentialRampToValueAtTime(0.0001, start + length);
    oscillator.connect(envelope).connect(this.out);
    oscillator.start(start);
    oscillator.stop(start + length + 0.05);
  }

  /** Rain on the roof, very softly, for as long as the page is open. @param {AudioContext} context @param {AudioNode} out */
  rain(context, out) {
    const seconds = 3;
    const buffer = context.createBuffer(1, context.sampleRate * seconds, context.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i += 1) samples[i] = Math.random() * 2 - 1;
    const source = new AudioBufferSourceNode(context, { buffer, loop: true });
    const filter = new BiquadFilterNode(context, { type: 'bandpass', frequency: 900, Q: 0.4 });
    const gain = new GainNode(context, { gain: 0.018 });
    source.connect(filter).connect(gain).connect(out);
    source.start();
  }
}
