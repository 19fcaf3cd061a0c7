/** An origin of files, with what it was asked for; and curl, which fetches them through a cache. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

export interface OriginFile {
  readonly body: Buffer;
  readonly fields: OutgoingHttpHeaders;
}

export interface FileOrigin {
  readonly port: number;
  /** Paths of the requests that have come, with their Accept-Encoding. */
  readonly asked: readonly string[];
  close(): void;
}

/** Every file may be stored for an hour. */
export async function startFileOrigin(
  files: Readonly<Record<string, OriginFile>>,
): Promise<FileOrigin> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['accept-encoding'] ?? ''}`.trim());
    const file = files[request.url ?? ''];
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { body, fields } = file;
    response.writeHead(200, {
      'Cache-Control': 'max-age=3600',
      'Content-Length': body.length,
      ...fields,
    });
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface Curled {
  readonly status: number;
  /** Names in small letters. */
  readonly fields: ReadonlyMap<string, string>;
  /** As curl hands it on: decoded, where it was asked to. */
  readonly body: Buffer;
}

const run = promisify(execFile);

/** The last head, by the names in small letters; on standard error, so that the body has the output to itself. */
const TOLD = '%{stderr}{"status":%{http_code},"fields":%{header_json}}';

/** Fetches with curl. @throws when curl says that something went wrong */
export async function curl(url: string, ...options: readonly string[]): Promise<Curled> {
  const args = ['-sS', '--max-time', '20', '-w', TOLD, ...options, url];
  const { stdout, stderr } = await run('curl', args, { encoding: 'buffer', maxBuffer: 1 << 26 });
  const told = JSON.parse(stderr.toString()) as {
    readonly status: number;
    readonly fields: Readonly<Record<string, readonly string[]>>;
  };
  const fields = Object.entries(told.fields).map(
    ([name, values]) => [name, values.join()] as const,
  );
  return { status: told.status, fields: new Map(fields), body: stdout };
}
