// The end page while the result is being computed: asks for it, shows how far it is, and shows the page again when it is
// there. It never gives up by itself, because the result may come late, but it asks ever more seldom.

const FIRST_MS = 700;
const LONGEST_MS = 15000;
const GROWTH = 1.35;
const SLOW_AFTER_MS = 30000;

const box = /** @type {HTMLElement} */ (document.getElementById('wait'));
const bar = /** @type {HTMLProgressElement} */ (document.getElementById('progress'));
const said = /** @type {HTMLElement} */ (document.getElementById('wait-say'));
const started = performance.now();

/** @param {string | undefined} text */
function say(text) {
  // Only changes are announced by screen readers; repeating the same text would be noise.
  if (text && said.textContent !== text) said.textContent = text;
}

/** @returns {Promise<boolean>} whether the result is there */
async function ask() {
  try {
    const answer = await fetch(box.dataset.stats ?? '', { headers: { accept: 'application/json' } });
    if (answer.status === 200) return true;
    if (answer.status === 202) {
      const { percent } = await answer.json();
      if (typeof percent === 'number') bar.value = percent;
      if (performance.now() - started > SLOW_AFTER_MS) say(box.dataset.slow);
    } else {
      say(box.dataset.gone);
    }
  } catch {
    say(box.dataset.gone);
  }
  return false;
}

for (let ms = FIRST_MS; !(await ask()); ms = Math.min(ms * GROWTH, LONGEST_MS)) {
  await new Promise((done) => setTimeout(done, ms));
}
location.replace(location.pathname);
