// The page of a Parley server: a chat and an echo, one of them in sight.

import { startChat } from './chat.js';
import { startEcho } from './echo.js';

const views = ['chat', 'echo'];

/** Shows a view and keeps it in the address. */
function show(view) {
  for (const name of views) {
    document.getElementById(name).hidden = name !== view;
    const button = document.querySelector(`[data-view=${name}]`);
    if (name === view) {
      button.setAttribute('aria-current', 'page');
    } else {
      button.removeAttribute('aria-current');
    }
  }
  const url = new URL(location.href);
  if (view === 'chat') {
    url.searchParams.delete('view');
  } else {
    url.searchParams.set('view', view);
  }
  if (url.href !== location.href) {
    history.replaceState(null, '', url);
  }
  document.dispatchEvent(new Event('viewchange'));
}

for (const name of views) {
  document.querySelector(`[data-view=${name}]`).addEventListener('click', () => show(name));
}
startEcho();
show(new URLSearchParams(location.search).get('view') === 'echo' ? 'echo' : 'chat');
startChat();
