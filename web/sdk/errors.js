//! The one error the sdk throws or rejects with. Texts of close codes live in `codes.js`.

/** What went wrong, as a word for the program (`code`) and a sentence for a person (`message`). */
export class LatchkeyError extends Error {
  /**
   * @param {string} code
   * @param {string} message says what was wrong, which limit, and what to do
   */
  constructor(code, message) {
    super(message);
    this.name = 'LatchkeyError';
    this.code = code;
  }
}
