#!/bin/bash
# Where an event stream is cut in the middle of an event, and where an event has nothing but an id.
#
# Versions   eventsource 4.0.0 and 2.0.2, undici 7.16.0 (what Node's own EventSource is), Node 20
# Guess      All follow the same section of the HTML standard (9.2.6): an event counts once its blank line is there, and
#            a line "id: 2" by itself, as a heartbeat, moves the position with which the client comes back.
# Behaviour  eventsource 2.0.2, which much software still brings along, takes over the id as soon as its line is there.
#            Cut off before the blank line, it comes back behind an event that it never handed on: that one is lost.
#            eventsource 4.0.0 does not, but stays where it was when an event has no data, as Firefox ESR 153.8 does;
#            undici and Chromium 156 move on. There, heartbeats with an id do not spare the client a replay.
# Remedy     Write the id behind the data, and give no event an id that has no data.
# Seen       cut off:      eventsource-2 handed on a, came back with 2
#            cut off:      eventsource-4 handed on a, came back with 1
#            cut off:      undici handed on a, came back with 1
#            id behind:    eventsource-2 handed on a, came back with 1
#            id alone:     eventsource-2 handed on a, came back with 2
#            id alone:     eventsource-4 handed on a, came back with 1
#            id alone:     undici handed on a, came back with 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund eventsource-4@npm:eventsource@4.0.0 eventsource-2@npm:eventsource@2.0.2 \
  undici@7.16.0
cat >probe.mjs <<'END'
import http from 'node:http';
import { once } from 'node:events';
import { EventSource as Four } from 'eventsource-4';
import Two from 'eventsource-2';
import { EventSource as Undici } from 'undici';

const first = 'retry: 50\nid: 1\ndata: a\n\n';
const streams = {
  'cut off': first + 'id: 2\ndata: b\n',
  'id behind': first + 'data: b\n',
  'id alone': first + 'id: 2\n\n',
};
const clients = { 'eventsource-2': Two, 'eventsource-4': Four, undici: Undici };

async function comesBackWith(stream, Client) {
  const positions = [];
  const server = http.createServer((request, response) => {
    positions.push(request.headers['last-event-id']);
    response.writeHead(positions.length === 1 ? 200 : 204, { 'Content-Type': 'text/event-stream' });
    response.end(positions.length === 1 ? stream : undefined);
    if (positions.length === 2) server.emit('back');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const got = [];
  const source = new Client(`http://127.0.0.1:${server.address().port}/`);
  source.onmessage = event => got.push(event.data);
  source.onerror = () => {};
  await once(server, 'back', { signal: AbortSignal.timeout(10_000) });
  source.close();
  server.closeAllConnections();
  server.close();
  return `handed on ${got}, came back with ${positions[1]}`;
}
for (const [name, stream] of Object.entries(streams))
  for (const [client, Client] of Object.entries(clients))
    console.log(`${name}: ${client} ${await comesBackWith(stream, Client)}`);
process.exit(0);
END
node --no-warnings probe.mjs | tee seen
for line in 'cut off: eventsource-2 .*with 2' 'cut off: eventsource-4 .*with 1' 'cut off: undici .*with 1' \
  'id behind: eventsource-2 .*with 1' 'id alone: eventsource-2 .*with 2' 'id alone: eventsource-4 .*with 1' \
  'id alone: undici .*with 2'; do
  grep -q "^$line$" seen || { echo "not seen: $line"; exit 1; }
done
