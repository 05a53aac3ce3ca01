// uWebSockets by its own means: a member subscribes to the room's topic and a message is published to it; what one turn of the loop
// brings is joined into one write by the library. A member with a megabyte unsent misses messages.
const uws = require('uwebsockets');
const [port, version] = process.argv.slice(2);

const settings = {
  compression: uws.DISABLED,
  maxPayloadLength: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  idleTimeout: 0,
  sendPingsAutomatically: false,
};

const app = uws.App();
app.ws('/chat/:room', {
  ...settings,
  upgrade: (res, req, context) =>
    res.upgrade(
      { room: req.getParameter(0) },
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    ),
  open: (socket) => {
    socket.topic = socket.getUserData().room;
    socket.subscribe(socket.topic);
  },
  message: (socket, message, isBinary) => app.publish(socket.topic, message, isBinary),
});
app.ws('/echo', { ...settings, message: (socket, message, isBinary) => socket.send(message, isBinary) });
app.listen('127.0.0.1', Number(port), (listening) => {
  if (!listening) {
    console.error(`port ${port} is taken`);
    process.exit(1);
  }
  console.log(`ready ${version}, node ${process.version}`);
});
