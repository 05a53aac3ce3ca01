// The reactions under a message: how many there are of each, and a few to choose from. What others chose goes in as
// text.

import { element } from './fields.js';
import { make } from './messages.js';

const OFFERED = [
  ['👍', 'thumbs up'],
  ['❤️', 'heart'],
  ['😂', 'laughing'],
  ['🎉', 'party'],
  ['😮', 'surprised'],
  ['👀', 'eyes'],
];

/** What of an entry's reactions is to be seen, as a text. */
export const looksOf = (reactions) =>
  JSON.stringify((reactions ?? []).map(({ key, count, users, names, mine }) => [key, count, users, names, mine]));

/** The last that reacted, users by the name that they have in the room, and how many more. */
function senders({ count, users, names }, people) {
  const nameOf = (user) => people.find((one) => one.user === user)?.name ?? user;
  const some = [...users.map(nameOf), ...names];
  const more = count - some.length;
  return `${some.join(', ')}${more > 0 ? ` and ${more.toLocaleString()} more` : ''}`;
}

/** The row under a message; `people` are the members, and `react(key, on)` sets one or takes it back. */
export function reactionRow({ reactions = [] }, people, react) {
  const all = reactions.map((one) => reaction(one, people, react));
  return make('div', { className: 'reactions' }, ...all, picker(reactions, react));
}

function reaction(one, people, react) {
  const { key, count, mine } = one;
  const number = make('span', { className: 'count' }, count.toLocaleString());
  const button = make('button', { type: 'button', title: senders(one, people) }, make('bdi', {}, key), ' ', number);
  button.dataset.reaction = key;
  button.setAttribute('aria-pressed', String(mine === true));
  button.addEventListener('click', () => react(key, mine !== true));
  return button;
}

/** Opens and closes by itself, by keyboard and by finger. */
function picker(reactions, react) {
  const summary = make('summary', { title: 'React' }, '☺');
  summary.setAttribute('aria-label', 'React');
  summary.dataset.reaction = '';
  const choices = make('div', { className: 'choices' });
  const box = make('details', {}, summary, choices);
  const close = () => {
    box.open = false;
    summary.focus();
  };
  const offer = () => {
    if (box.open && choices.childElementCount === 0) {
      choices.append(...OFFERED.map(([key, words]) => choice(key, words, reactions, (on) => {
        close();
        react(key, on);
      })));
    }
  };
  box.addEventListener('toggle', offer);
  box.addEventListener('reopen', offer); // at once: one of them may have had the focus
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && box.open) {
      event.stopPropagation();
      close();
    }
  });
  return box;
}

function choice(key, words, reactions, react) {
  const isMine = reactions.some((one) => one.key === key && one.mine === true);
  const button = make('button', { type: 'button', title: words }, key);
  button.dataset.choice = key;
  button.setAttribute('aria-label', words);
  button.setAttribute('aria-pressed', String(isMine));
  button.addEventListener('click', () => react(!isMine));
  return button;
}

/** What of a message's reactions is open and has the focus, for what comes in their place. */
export function stateOf(row) {
  const { activeElement } = document;
  const { reaction, choice: chosen } = row.contains(activeElement) ? activeElement.dataset : {};
  return { isOpen: row.querySelector('.reactions details')?.open === true, reaction, chosen };
}

/** Gives that to what has come in their place; the focus to the offer of reactions where its own is gone. */
export function restore(row, { isOpen, reaction: key, chosen }) {
  const box = row.querySelector('.reactions details');
  if (isOpen && box) {
    box.open = true;
    box.dispatchEvent(new Event('reopen'));
  }
  if (key !== undefined || chosen !== undefined) {
    const all = [...row.querySelectorAll('[data-reaction]')];
    const choices = [...row.querySelectorAll('[data-choice]')];
    const its = choices.find(({ dataset }) => dataset.choice === chosen)
      ?? all.find(({ dataset }) => dataset.reaction === key) ?? all.at(-1);
    (its ?? element('chat-box')).focus({ preventScroll: true });
  }
}
