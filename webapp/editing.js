// Editing one's own newest message in the field for new ones; an empty text removes it.

import { element } from './fields.js';

/** What is edited now, if anything is. */
export class Editing {
  #room = null;
  #entry = null;

  get isOn() {
    return this.#entry !== null;
  }

  /** Begins with a room's newest message of one's own, whose text it returns; undefined where there is none. */
  begin(room) {
    this.end();
    const entry = room?.newestOwn;
    if (entry) {
      this.#room = room;
      this.#entry = entry;
      element('editing').hidden = false;
    }
    return entry?.text;
  }

  end() {
    this.#room = null;
    this.#entry = null;
    element('editing').hidden = true;
  }

  /**
   * Ends with what the message is to say, once its removal is confirmed if that is nothing; `failed` is called with why
   * the server refused it. Returns whether it has ended.
   */
  finish(text, failed) {
    const [room, entry] = [this.#room, this.#entry];
    const isRemoval = text.trim() === '';
    if (isRemoval && !confirm(`Remove this message for everybody in ${room.name}?`)) {
      return false;
    }
    this.end();
    if (isRemoval) {
      room.remove(entry).catch(failed);
    } else if (text !== entry.text) {
      room.edit(entry, text).catch(failed);
    }
    return true;
  }
}
