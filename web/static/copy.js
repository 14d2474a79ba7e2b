// Buttons that copy a text on the page: `data-copy` names the element, `data-done` and `data-failed` what the button says
// afterwards. Without this script the buttons stay hidden and the text can be selected as ever.

/**
 * @param {HTMLElement} source
 * @returns {Promise<boolean>} whether the text is in the clipboard
 */
async function copy(source) {
  const text = (source.textContent ?? '').trim();
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http, an old browser or a refused permission: select the text, which at least leaves one key to press.
    const selection = getSelection();
    selection?.selectAllChildren(source);
    try {
      return document.execCommand('copy');
    } catch {
      return false;
    }
  }
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('button[data-copy]'))) {
  const source = document.getElementById(button.dataset.copy ?? '');
  if (!source) continue;
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  button.after(said);
  button.hidden = false;
  button.addEventListener('click', async () => {
    said.textContent = '';
    const done = await copy(source);
    said.textContent = (done ? button.dataset.done : button.dataset.failed) ?? '';
  });
}
