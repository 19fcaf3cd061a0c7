/**
 * A server of pools as a process of its own: WebSockets that echo, HTTP that tells what it got, on several ports.
 *
 *     node tests/support/balancer/echo-origin.ts <number of ports>
 *
 * It prints its ports as JSON. A WebSocket is echoed frame by frame, unmasked (RFC 6455 section 5.3); payloads are
 * shorter than 126 bytes. HTTP answers with method, path and body, and the port as `X-Port`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { acceptKey, readFrames, serverFrame } from './web-socket-frames.ts';

const ports: number[] = [];
for (let i = 0; i < Number(process.argv[2] ?? 1); i++) ports.push(await listen());
console.log(JSON.stringify(ports));

function listen(): Promise<number> {
  const server = createServer(answer);
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => upgrade(request, socket));
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port));
  return promise;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (bytes: Buffer) => parts.push(bytes));
  request.on('end', () => {
    response.setHeader('X-Port', String(request.socket.localPort));
    response.setHeader('Set-Cookie', 'SID=one; Path=/');
    response.end(`${request.method} ${request.url} ${Buffer.concat(parts).toString('latin1')}`);
  });
}

function upgrade(request: IncomingMessage, socket: Duplex): void {
  const accept = acceptKey(request.headers['sec-websocket-key'] ?? '');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let left: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    left = readFrames(left.length === 0 ? bytes : Buffer.concat([left, bytes]), (payload) =>
      socket.write(serverFrame(payload)),
    );
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
}
