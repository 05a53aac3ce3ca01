#!/bin/bash
# Where Socket.IO's volatile messages meet a connection that is in perfect order.
#
# Versions   socket.io and socket.io-client 4.8.4
# Guess      "Volatile" messages are dropped when the connection is not ready: while it is down, or when the peer reads
#            too slowly. On a local connection with nothing waiting, five positions or "typing" signals all arrive.
# Behaviour  One message that has not been written out yet is enough: of five volatile messages in one turn of the event
#            loop the first arrives, and after an ordinary message none. An await of something already settled between
#            them changes nothing; a turn of the event loop does. Clients and servers do the same. Two kinds of volatile
#            state that are sent side by side (a position, then "typing") means: the second never arrives.
# Seen       client to server, five in a row: 0; behind an ordinary one: none; with a settled await between: 0;
#            20 ms apart: 0,1,2,3,4. Server to client, five in a row: 0; 20 ms apart: 0,1,2,3,4
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund socket.io@4.8.4 socket.io-client@4.8.4
cat >probe.js <<'END'
const { Server } = require('socket.io'), { io } = require('socket.io-client'), http = require('http');
const sleep = ms => new Promise(done => setTimeout(done, ms));
async function five(sender, pause) {
  for (let i = 0; i < 5; i++) {
    sender.volatile.emit('position', i);
    await pause();
  }
}
// Each row: what is done by a sender, and what arrives.
const rows = [
  ['five in a row', async sender => { for (let i = 0; i < 5; i++) sender.volatile.emit('position', i); }, '0'],
  ['behind an ordinary one', async s => { s.emit('said', 'x'); s.volatile.emit('position', 0); }, 'none'],
  ['with a settled await between', sender => five(sender, () => null), '0'],
  ['20 ms apart', sender => five(sender, () => sleep(20)), '0,1,2,3,4'],
];
const web = http.createServer(), server = new Server(web);
web.listen(0, '127.0.0.1', async () => {
  let known = true;
  for (const transport of ['websocket', 'polling']) {
    const joined = new Promise(done => server.once('connection', done));
    const client = io('http://127.0.0.1:' + web.address().port, { transports: [transport], forceNew: true });
    const peer = await joined;
    await new Promise(done => client.connected ? done() : client.on('connect', done));
    for (const [name, sender, receiver] of [['client to server', client, peer], ['server to client', peer, client]]) {
      for (const [what, send, expected] of rows) {
        await sleep(300);
        const got = [], take = i => got.push(i);
        receiver.on('position', take);
        await send(sender);
        await sleep(500);
        receiver.off('position', take);
        const seen = got.join() || 'none';
        console.log(`${transport}, ${name}, ${what}: ${seen}`);
        if (transport === 'websocket') known &&= seen === expected;
      }
    }
    client.close();
  }
  console.log(known ? 'As known: the first of a turn goes out, all others are dropped.' : 'This has changed.');
  process.exit(known ? 0 : 1);
});
END
timeout 60 node probe.js
