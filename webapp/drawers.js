// The drawers: the panes at the sides of a narrow window.

/** Where the panes at the sides become drawers; the style sheet has the same. */
const NARROW = matchMedia('(max-width: 1020px)');

const element = (id) => document.getElementById(id);

const DRAWERS = [
  ['show-rooms', 'rooms-pane'],
  ['show-members', 'members-pane'],
];

function openDrawer(buttonId, paneId) {
  closeDrawers();
  element(buttonId).setAttribute('aria-expanded', 'true');
  element(paneId).classList.add('open');
  element('shade').hidden = false;
  document.querySelector('.talk').inert = true;
  element(paneId).focus();
}

/** Closes what is open, and gives the focus back to what opened it. */
export function closeDrawers() {
  for (const [buttonId, paneId] of DRAWERS) {
    const pane = element(paneId);
    if (pane.classList.contains('open')) {
      const hadFocus = pane.contains(document.activeElement);
      pane.classList.remove('open');
      element('shade').hidden = true;
      document.querySelector('.talk').inert = false;
      element(buttonId).setAttribute('aria-expanded', 'false');
      if (hadFocus) {
        element(buttonId).focus();
      }
    }
  }
}

export function listenToDrawers() {
  for (const [buttonId, paneId] of DRAWERS) {
    element(paneId).tabIndex = -1;
    element(buttonId).addEventListener('click', () => openDrawer(buttonId, paneId));
  }
  element('shade').addEventListener('click', closeDrawers);
  NARROW.addEventListener('change', closeDrawers);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && closeDrawers());
}
