// The thank-you page while the payment is being confirmed: presses the page's own button in the background, first at once
// and then ever more seldom, and shows the page again when the order has moved on.

const WAITS_MS = [0, 1000, 2000, 3000, 5000, 8000, 13000, 20000, 30000, 30000];

const form = /** @type {HTMLFormElement} */ (document.getElementById('confirm'));
const said = /** @type {HTMLElement} */ (form.querySelector('[role="status"]'));
const turning = /** @type {HTMLElement} */ (form.querySelector('.turning'));

/** @param {number} ms */
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** @returns {Promise<boolean>} whether the order is no longer waiting */
async function ask() {
  try {
    const answer = await fetch(form.action, { method: 'POST', headers: { accept: 'application/json' } });
    if (!answer.ok) return false;
    const { standing } = await answer.json();
    return standing !== 'confirming';
  } catch {
    return false;
  }
}

said.textContent = said.dataset.waiting ?? '';
turning.hidden = false;
for (const ms of WAITS_MS) {
  await wait(ms);
  if (await ask()) {
    location.replace(location.pathname);
    break;
  }
}
turning.hidden = true;
said.textContent = said.dataset.slow ?? '';
