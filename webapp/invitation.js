// An invitation to a room: an address that others open. It has neither a name nor a token in it.

import { element, setText } from './fields.js';

/** How long the button says that it has been done. */
const SAID = 3000;

let due = null;

/** The address of this page in a room. */
export function invitationTo(room) {
  const url = new URL('./', location.href);
  url.searchParams.set('room', room);
  return url.href;
}

/** Copies it, and says so; where the browser does not let a page copy, it shows the address to be copied by hand. */
export async function copyInvitation(room) {
  const address = invitationTo(room);
  try {
    await navigator.clipboard.writeText(address); // missing on pages without TLS
  } catch {
    prompt('Copy this address:', address);
    return;
  }
  setText('invite', 'Copied');
  setText('announce', 'The address of this room has been copied.');
  clearTimeout(due);
  due = setTimeout(() => setText('invite', element('invite').dataset.words), SAID);
}
