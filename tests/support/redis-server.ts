/**
 * The reference: Debian's redis-server on a free port of 127.0.0.1 in a temporary folder.
 *
 * Promise: `startRedis` resolves once PING answers PONG; `stop` ends it by pid and removes
 * the folder. Nothing is persisted unless the given settings say so.
 */
import type { Child } from './process.ts';
import { freePort, startChild, temporaryFolder, waitUntil } from './process.ts';
import { RespClient } from './resp-client.ts';
import type { Server } from './server.ts';

const quiet = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--loglevel', 'warning'];

/** Starts redis-server; `settings` are as on its command line: `['--maxmemory', '1mb']`. */
export async function startRedis(settings: readonly string[] = []): Promise<Server> {
  // The port was free a moment ago; where another process took it meanwhile, try another.
  for (let attempt = 0; ; attempt += 1) {
    const folder = temporaryFolder('redis-reference');
    const port = await freePort();
    const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder.path, ...quiet];
    const child = startChild('redis-server', [...args, ...settings]);
    const stop = async () => {
      child.process.kill('SIGKILL');
      await child.exited;
      folder.remove();
    };
    if (await answers(child, port)) {
      return { name: 'redis', host: '127.0.0.1', port, pid: child.pid, output: child.output, stop };
    }
    await stop();
    if (attempt === 3) throw new Error(`redis-server did not start:\n${child.output()}`);
  }
}

async function answers(child: Child, port: number): Promise<boolean> {
  let ready = false;
  await waitUntil('redis-server to answer PING', async () => {
    ready = await pings(port);
    return ready || child.hasExited();
  });
  return ready;
}

/** Whether a server answers PING with PONG, or asks for a password, on this port. */
export async function pings(port: number): Promise<boolean> {
  try {
    const client = await RespClient.connect({ host: '127.0.0.1', port });
    const reply = await client.send(['PING']);
    client.close();
    return 'text' in reply && (reply.text === 'PONG' || reply.text.startsWith('NOAUTH'));
  } catch {
    return false;
  }
}
