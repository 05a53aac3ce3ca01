// What a TypeScript program may write against parley.d.ts. Compiled, not run.

import {
  connect,
  type Gap,
  type Member,
  type Message,
  ParleyError,
  type Receipt,
  type WatchedRoom,
} from '../../../webapp/parley.js';

const parley = connect('/chat', {
  name: 'Ann',
  token: async () => 't',
  wait: { least: 100 },
  unsent: 10,
  transport: 'auto',
});
const over: 'websocket' | 'sse' | null = parley.transport;
console.log(over);
// @ts-expect-error a transport is one of a few
connect('/chat', { transport: 'pigeon' });
parley.addEventListener('state', ({ detail }) => {
  if (detail.name === 'waiting') {
    console.log(detail.seconds + detail.code + (detail.status ?? 0));
  }
});
parley.addEventListener('name', ({ detail }) => console.log(detail?.length));
const room = parley.join('java', { history: 3 });
room.addEventListener('message', ({ detail }) => {
  const message: Message = detail;
  console.log(message.at.getTime(), message.text?.length, message.own);
});
room.addEventListener('gap', ({ detail }: CustomEvent<Gap>) => console.log(detail.state === 'lost'));
room.addEventListener('members', ({ detail }) => {
  const people: Member[] = detail.people;
  console.log(people[0]?.user?.length, (people[0]?.connections ?? 1) + 1, parley.user, room.people.length);
});
await parley.watch(
  ['java', 'team-*'],
  (rooms, { changed, gone, more }) => {
    const known: WatchedRoom | undefined = rooms.get('java');
    console.log((known?.seq ?? 0) + (known?.count ?? 0), known?.last?.at.getTime(), known?.more);
    console.log((known?.mark ?? 0) + (known?.unread ?? 0), changed.length + gone.length, more);
  },
  { last: true, marks: true },
);
await parley.watch([]);
// @ts-expect-error a list of rooms is a list
await parley.watch('java');
await room.setState({ typing: true });
await room.setState(null);
room.addEventListener('mark', ({ detail }) => console.log(detail.mark + 1, detail.unread ?? 0, detail.more === true));
console.log((await room.mark(3)) + (await room.mark()), (room.marked ?? 0) + (room.unread ?? 0), room.hasMoreUnread);
// @ts-expect-error a state is an object
await room.setState('typing');
console.log(room.people[0]?.state?.typing === true);
await room.react(3, 'ok');
await room.react({ ...(await room.history()).messages[0]! }, 'ok', false);
// @ts-expect-error a key is a string
await room.react(3, 7);
room.addEventListener('change', ({ detail }) => {
  const mine: boolean | undefined = detail.reactions?.[0]?.mine;
  console.log(mine, detail.reactions?.map(({ key, count, users, names }) => key + count + users[0] + names[0]));
});
for await (const message of room) {
  console.log(message.seq + 1);
}
const receipt: Receipt = await room.say({ any: ['thing'] }, { id: 'x' });
console.log(receipt.duplicate, parley.limits?.rooms, room.members.join());
// @ts-expect-error a state is one of a few
console.log(parley.state.name === 'asleep');
try {
  await room.joined;
} catch (error) {
  console.log(error instanceof ParleyError && error.code.length);
}
