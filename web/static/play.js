// The play page until the game has drawn itself: tells what happened when the game's own script cannot be loaded, which
// would otherwise look like an endless wait.

const entry = document.getElementById('entry');
entry?.addEventListener('error', () => {
  const loading = document.getElementById('loading');
  const words = loading?.dataset.failed;
  const paragraph = loading?.querySelector('p');
  if (paragraph && words) {
    paragraph.setAttribute('role', 'alert');
    paragraph.textContent = words;
  }
});
export {};
