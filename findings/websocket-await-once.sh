#!/bin/bash
# Where `await once(socket, 'message')` meets messages that arrive together.
#
# Versions   npm ws 8.23.0, Node 22.23.3's own WebSocket (npm node 22.23.3), Chromium of Debian
# Guess      A loop of `await once(socket, 'message')` reads one message after another: each event is a task of its own,
#            so the code behind the await runs before the next. It does so in browsers, and in every test on a slow line.
# Behaviour  Chromium gives all five. ws (since allowSynchronousEvents became its default) and Node's own WebSocket emit
#            all messages of one TCP segment in one go, before any promise continues: the loop gets the first of each
#            segment and then waits for ever. With ws even the first is lost when the server speaks right behind its 101
#            and the client awaits `open`. Set the listener before, and queue; or allowSynchronousEvents: false.
# Seen       ws: 1 of 5, right behind the handshake 0 of 5; with allowSynchronousEvents false: 5 of 5, 5 of 5
#            Node 22: 1 of 5; Chromium: 5 of 5
set -euo pipefail
command -v chromium >chromium.path 2>/dev/null || true
