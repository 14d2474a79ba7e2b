//! The entry of "The Locked Study": joins the room of the play page and mounts the game into `#game`.
//! The rules are in `rules.js`; what is drawn is in `scenes/` and `ui/`; every word is in `text.en.js`.

import { open } from '../../sdk/index.js';

const main = document.getElementById('game');
if (main) {
  main.textContent = 'Opening the study…';
  await open();
}
