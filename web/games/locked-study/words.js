//! Where the rest of the game gets its words from: the one place that knows which language module is in use.

export { text } from './text.en.js';
