/**
 * The admin door: a small HTTP server over `routes`. Cold, hence `node:http`.
 *
 * Invariants: it answers from the first moment of the start until the last of the stop, so that `ready`
 * can say what the process waits for; it never holds up the end of the process; on loopback it answers only
 * requests that name loopback as their host.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { System, SystemState } from '../core/base/index.ts';
import type { ValuesOf } from '../core/config/index.ts';
import type { Logger } from '../core/observe/index.ts';
import type { adminConfig } from './config/config.ts';
import { hostIsMeant } from './host-check.ts';
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  STALL_MS,
} from './limits.ts';
import type { DoorRequest, Page } from './page.ts';
import { pageFor, type Shown, strangerPage } from './routes.ts';

// An import would read all of its exports, and one of them loads the client behind `fetch`: 11 MiB.
const { createServer } = process.getBuiltinModule('node:http');

export interface ConsoleOptions extends Shown {
  readonly settings: ValuesOf<typeof adminConfig.fields>;
  readonly log: Logger;
}

export function createConsole(options: ConsoleOptions): System {
  const { settings, log } = options;
  let state: SystemState = 'idle';
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      const { method = '', headers } = request;
      const page = hostIsMeant(headers.host, settings.host)
        ? pageFor(doorRequest(request), options)
        : Promise.resolve(strangerPage(headers.host ?? ''));
      // A client that left while its body was read has nobody to answer to.
      page.then(
        (each) => answer(each, method, response),
        (error: unknown) => {
          if (request.errored === null) throw error;
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return {
    name: 'admin',
    async start() {
      state = 'starting';
      try {
        await listen(server, settings.host, settings.port);
      } catch (error) {
        state = 'failed';
        throw error;
      }
      server.on('error', (error) => log.error('the admin door failed to accept', { error }));
      state = 'ready';
    },
    // It goes on answering while others drain: /ready must say 503 and /metrics must be read to the end.
    async drain() {
      if (state === 'ready') state = 'draining';
    },
    async stop() {
      if (state === 'stopped') return;
      state = 'stopped';
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    status: () => ({ state, listening: listeningOn(server), facts: {} }),
  };
}

function doorRequest(request: IncomingMessage): DoorRequest {
  const { method = '', url = '', headers } = request;
  return {
    method,
    path: url.split('?', 1)[0] as string,
    header: (name) => headers[name]?.toString(),
    body: () => bodyOf(request),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A body that is given up is not the end of its connection: the answer still has to go out.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function answer(page: Page, method: string, response: ServerResponse): Promise<void> {
  const body = Buffer.from(page.body);
  const isWhole = page.stream === undefined;
  response.writeHead(page.status, {
    'content-type': page.contentType,
    ...(isWhole && { 'content-length': body.length }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...page.headers,
  });
  if (isWhole || method === 'HEAD') {
    response.end(method === 'HEAD' ? undefined : body);
    return;
  }
  await page.stream((text) => written(response, text));
  response.end();
}

/** Resolves when the client takes more: false when it has gone. */
async function written(response: ServerResponse, text: string): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  await new Promise<void>((resolve) => {
    const over = (): void => {
      response.off('drain', over);
      response.off('close', over);
      resolve();
    };
    response.on('drain', over);
    response.on('close', over);
    // Without anybody who listens for it the connection is closed.
    response.setTimeout(STALL_MS);
  });
  response.setTimeout(0);
  return !response.destroyed;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function listeningOn(server: Server): { protocol: string; host: string; port: number }[] {
  const bound = server.address() as AddressInfo | null;
  return bound === null ? [] : [{ protocol: 'HTTP', host: bound.address, port: bound.port }];
}
