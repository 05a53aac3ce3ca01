// The members of a room in the document: one entry for each user, however many connections it has, and who types.

import { avatar, make, nameOf } from './messages.js';
import { element, setText } from './fields.js';

/** How many members the document holds, and how many names of those that type. */
const SHOWN = 500;
const TYPING = 3;

let shown = '';

const plural = (count, one) => `${count.toLocaleString()} ${one}${count === 1 ? '' : 's'}`;

/** Whether a member is the one that looks: the same user, or without one the same name. */
function isMe({ user, name }, me) {
  return user === undefined ? me.user === undefined && name === me.name : user === me.user;
}

/** Shows `{people, count, isWhole}`; `me` has the `name` and `user` of the one that looks. */
export function showMembers({ people, count, isWhole }, me) {
  const some = people.slice(0, SHOWN);
  const rows = some.map(({ user, name, connections, away }) => [user, name, connections, away]);
  const looks = JSON.stringify([rows, count, isWhole, me]);
  if (looks === shown) {
    return; // states change often, and are not shown here
  }
  shown = looks;
  // A user counts once in the list and with each connection in the count.
  const rest = count - some.reduce((sum, { connections = 1 }) => sum + Math.max(1, connections), 0);
  element('members').replaceChildren(...some.map((member) => entry(member, me)));
  setText('members-count', count > 0 ? count.toLocaleString() : '');
  setText('bar-count', count > 0 ? count.toLocaleString() : '');
  element('show-members').setAttribute('aria-label', count > 0 ? plural(count, 'member') : 'Members');
  const others = isWhole && some.length === people.length ? ' without a name, or with one of these' : '';
  setText('members-more', rest <= 0 ? '' : `${rest.toLocaleString()} more${others}`);
}

function entry(member, me) {
  const { user, connections = 1, away = false } = member;
  const name = nameOf(member.name);
  const label = make('span', { className: 'label' }, make('bdi', {}, name));
  if (isMe(member, me)) {
    label.append(make('span', { className: 'soft' }, ' (you)'));
  }
  const row = make('li', { className: away ? 'away' : '' }, avatar(name, user), label);
  if (user !== undefined) {
    row.title = `${name}, user ${user}`;
  }
  if (away) {
    row.append(make('span', { className: 'about' }, 'away'));
  } else if (user !== undefined && connections > 1) {
    const times = make('span', {}, `×${connections}`);
    times.setAttribute('aria-hidden', 'true');
    const words = make('span', { className: 'unseen' }, plural(connections, 'connection'));
    row.append(make('span', { className: 'about' }, times, words));
  }
  return row;
}

/** Says which members write something now. */
export function showTyping(members) {
  const names = members.map(({ name }) => nameOf(name));
  const some = names.slice(0, TYPING).join(', ');
  const rest = names.length > TYPING ? ` and ${names.length - TYPING} more` : '';
  setText('typing', names.length === 0 ? '' : `${some}${rest} ${names.length === 1 ? 'is' : 'are'} typing…`);
}
