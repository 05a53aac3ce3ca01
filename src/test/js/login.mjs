// A client on a server with a login, whose session there ends: the container closes its connection with 1008. It comes
// back by itself as soon as there is a login again, as when somebody logs in in another tab, and has missed nothing.
// Usage: node login.mjs http://127.0.0.1:8080/parley/ [path of the package ws]

import assert from 'node:assert/strict';
import { connect } from '../../../webapp/parley.js';

const [page, ws] = process.argv.slice(2);
const Builtin = globalThis.WebSocket;
const Base = Builtin ?? (await import(ws)).default;

/** The cookies of the browser that the page is in. */
let cookie = '';

async function get(path, options = {}) {
  const answer = await fetch(new URL(path, page), { ...options, redirect: 'manual', headers: { ...options.headers, cookie } });
  await answer.text();
  cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
  return answer;
}

async function logIn() {
  cookie = '';
  await get('chat/java'); // answered with the page of the login
  const answer = await get('j_security_check', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'j_username=ann&j_password=secret',
  });
  assert.ok([302, 303].includes(answer.status), `the login is answered with ${answer.status}`);
}

class WithCookies extends Base {
  constructor(url, protocols) {
    if (Builtin) {
      super(url, { protocols, headers: { cookie } });
    } else {
      super(url, protocols, { headers: { cookie } });
    }
  }
}

await logIn();
const parley = connect(new URL('chat', page).href.replace(/^http/, 'ws'), { WebSocket: WithCookies });
const states = [];
const watching = [];
parley.addEventListener('state', ({ detail }) => {
  states.push(detail);
  watching.forEach((look) => look(detail));
});
const until = (what) => new Promise((resolve) => watching.push((state) => what(state) && resolve(state)));

const java = parley.join('java');
const heard = [];
const all = new Promise((resolve) => {
  java.addEventListener('message', ({ detail }) => heard.push(detail.text) === 3 && resolve());
});
await java.joined;
await java.say('before');
assert.equal(parley.name, 'ann', 'called as the login says');

const closed = until(({ code }) => code !== undefined);
assert.equal((await get('logout.jsp')).status, 200);
const { name, code } = await closed;
assert.deepEqual({ name, code }, { name: 'waiting', code: 1008 });
const said = java.say('meanwhile');
const why = await until(({ status }) => status !== undefined);
assert.match(why.reason, /login/);

const open = until((state) => state.name === 'open');
await logIn();
await open;
await said;
await java.say('after');
await all;
assert.deepEqual(heard, ['before', 'meanwhile', 'after']);
assert.ok(states.every((state) => state.name !== 'closed'));
parley.close();
console.log(`closed with 1008 when the session ended, told that ${why.reason}, and back after the login`);
