// What most Node servers do with ws: a set of clients for each room, a loop that sends each the same Buffer. A client with a megabyte
// unsent misses messages.
const { WebSocketServer } = require('ws');
const [port, version] = process.argv.slice(2);

const MOST_UNSENT = 1024 * 1024;
const rooms = new Map();

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(port),
  backlog: 4096,
  perMessageDeflate: false,
  maxPayload: 64 * 1024,
});
server.on('listening', () => console.log(`ready ${version}, node ${process.version}`));
server.on('connection', (socket, request) => {
  socket.on('error', () => {}); // 'close' follows
  if (request.url === '/echo') {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    return;
  }
  let clients = rooms.get(request.url);
  if (!clients) rooms.set(request.url, (clients = new Set()));
  clients.add(socket);
  socket.on('message', (data, binary) => {
    for (const client of clients) {
      if (client.bufferedAmount < MOST_UNSENT) client.send(data, { binary });
    }
  });
  socket.on('close', () => clients.delete(socket));
});
