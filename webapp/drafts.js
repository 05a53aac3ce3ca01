// What has been written in each room and not been sent. It survives a reload of this tab.

const KEY = 'parley.drafts';

const drafts = new Map();
try {
  Object.entries(JSON.parse(sessionStorage.getItem(KEY)) ?? {}).forEach(([room, text]) => drafts.set(room, String(text)));
} catch {
  // storage is switched off, or holds something else
}

/** What was being written in a room, or an empty string. */
export function draftOf(room) {
  return drafts.get(room) ?? '';
}

/** Keeps what is being written in a room; empty for nothing. */
export function keepDraft(room, text) {
  if (draftOf(room) === text) {
    return;
  }
  if (text === '') {
    drafts.delete(room);
  } else {
    drafts.set(room, text);
  }
  try {
    sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(drafts)));
  } catch {
    // then it is kept until the reload
  }
}
