//! Random numbers from a seed, so that a run can be repeated.

/** A generator of numbers from 0 to below 1: an LCG of 48 bits, of which the upper 32 are used. */
export function randomFrom(seed) {
  let state = (BigInt(seed) << 16n) + 0x330en;
  return () => {
    state = (state * 0x5deece66dn + 0xbn) & 0xffffffffffffn;
    return Number(state >> 16n) / 4294967296;
  };
}
