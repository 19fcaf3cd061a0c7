/** What Node's own server (nghttp2) makes of octets: the requests it takes. */
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** Turns of the event loop that a session gets for what was written to it at once. */
const TURNS = 12;

/** `id method scheme authority target`, as the recorder writes it. */
export async function askNode(octets: Buffer): Promise<string[]> {
  const [near, far] = duplexPair();
  const requests: string[] = [];
  const server = createServer({
    maxHeaderListPairs: 1000,
    maxSessionMemory: 1000,
    maxSessionInvalidFrames: 1e6,
    streamResetBurst: 1e6,
    streamResetRate: 1e6,
    settings: { maxHeaderListSize: 1_000_000, initialWindowSize: 1_000_000_000 },
  });
  server.on('sessionError', () => {});
  // The recorded client had a connection as wide as ours is.
  server.on('session', (session) => session.setLocalWindowSize(1_000_000_000));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const authority = headers[':authority'] ?? headers.host;
    requests.push(
      `${stream.id} ${headers[':method']} ${headers[':scheme']} ${authority} ${headers[':path']}`,
    );
    stream.on('error', () => {});
    stream.resume();
    stream.on('end', () => {
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  near.on('error', () => {});
  far.on('error', () => {});
  far.resume();
  server.emit('connection', near);
  await turn();
  far.write(octets);
  for (let i = 0; i < TURNS; i++) await turn();
  near.destroy();
  far.destroy();
  return requests;
}
