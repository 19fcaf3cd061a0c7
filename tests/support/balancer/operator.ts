/** What an operator does to a running balancer: the command line, its addresses, and servers that say their name. */
import { createSocket } from 'node:dgram';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startChild, waitUntil } from '../process.ts';
import { type BalancerProcess, startBalancer } from './balancer-process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Operator extends BalancerProcess {
  /** The port of a listener. */
  port(listener: string): Promise<number>;
  cli(...args: string[]): Promise<{ readonly code: number | string; readonly out: string }>;
  /** Its metrics, as text. */
  metrics(): Promise<string>;
}

export async function startOperated(balancer: string): Promise<Operator> {
  const started = await startBalancer(balancer);
  const admin = /"system":"admin"[^}]*"port":(\d+)/.exec(started.child.output())?.[1];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
  const operator: Operator = {
    ...started,
    async port(name) {
      const { listeners } = await started.status();
      return Number(
        listeners
          .find((each) => each.name === name)
          ?.address.split(':')
          .at(-1),
      );
    },
    async cli(...args) {
      const all = [main, ...args, '--admin', `127.0.0.1:${admin}`];
      const run = startChild(process.execPath, all, { cwd: started.folder, env });
      return { code: await run.exited, out: run.output() };
    },
    metrics: async () => (await started.call('GET', '/metrics')).body,
  };
  await waitUntil('servers that were checked', async () => {
    const { pools } = await started.status();
    return pools.every(({ servers }) => servers.every(({ check }) => check?.state !== 'unknown'));
  });
  return operator;
}

export interface NamedOrigin {
  readonly address: string;
  requests: number;
  close(): void;
}

/** An HTTP server that says its name, unless `answer` says that it has answered. */
export async function namedOrigin(
  name: string,
  answer: (...args: Parameters<RequestListener>) => boolean = () => false,
): Promise<NamedOrigin> {
  const server = createServer((request, response) => {
    origin.requests++;
    if (answer(request, response)) return;
    response.setHeader('X-Server', name);
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin: NamedOrigin = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return origin;
}

/** A server of datagrams that sends back what it gets. */
export async function echoDatagrams(): Promise<{ readonly address: string; close(): void }> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => void socket.close() };
}
