// A chat, as the documentation of socket.io begins: a page, its client script, and messages to everybody.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const page = readFileSync(new URL('chat.html', import.meta.url));
const server = createServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
});
const io = new Server(server);

io.on('connection', (socket) => {
  socket.on('say', (text, answer) => {
    io.emit('said', text);
    answer({ text, sockets: io.engine.clientsCount });
  });
  socket.on('upload', (file, answer) => answer({ bytes: file.length, file }));
});

server.listen(Number(process.env.PORT), '127.0.0.1');
