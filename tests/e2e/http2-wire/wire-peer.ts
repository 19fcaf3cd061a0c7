/**
 * Our connection on a real socket, with an owner as plain as can be: it writes what waits after each read,
 * and stops reading while the socket is full.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Http2Recorder } from '../../support/http2-recorder.ts';

/** Joins a recorder and a socket. Ends the socket when the connection has failed. */
export function attach(recorder: Http2Recorder, socket: Socket): () => void {
  const { connection } = recorder;
  const flush = (): void => {
    for (;;) {
      if (connection.output.length === 0 || socket.destroyed) break;
      if (socket.writableNeedDrain) return;
      const octets = recorder.take();
      if (!socket.write(octets)) {
        socket.pause();
        break;
      }
      connection.pump();
    }
    if (connection.ended) socket.end();
  };
  socket.on('data', (chunk: Buffer) => {
    recorder.receive(chunk, performance.now());
    flush();
  });
  socket.on('drain', () => {
    connection.pump();
    flush();
    if (!socket.writableNeedDrain) socket.resume();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => connection.close(null));
  connection.start(performance.now());
  flush();
  return flush;
}

/** A server whose every connection is one of ours. */
export async function serve(
  make: (flush: () => void) => Http2Recorder,
): Promise<{ port: number; server: Server; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    let flush = (): void => {};
    const recorder = make(() => flush());
    flush = attach(recorder, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    server,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
