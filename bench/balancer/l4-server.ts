/** For l4.ts: a stream proxy to one server. `node l4-server.ts PORT SERVER_PORT`. */

import { type Backends, StreamProxy, type Target } from '../../src/balancer/l4/index.ts';
import { Networks } from '../../src/core/base/index.ts';
import { listen } from '../../src/core/downstream/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeTransport,
} from '../../src/core/runtime/node/index.ts';

const [port, serverPort] = process.argv.slice(2).map(Number);
const network = createNodeNetwork(await createNodeTransport());
const clock = createNodeClock();
const target: Target = {
  name: 'server',
  pool: 'pool',
  address: { host: '127.0.0.1', port: serverPort as number },
  began: () => 0,
  connected: () => {},
  ended: () => {},
};
const backends: Backends = {
  connectMs: 5000,
  proxyProtocol: 'no',
  choose: () => target,
  mayRetry: () => false,
};
const proxy = new StreamProxy(
  { network, clock },
  { kind: 'one', backends },
  { idleMs: 600_000, openingMs: 10_000, proxyProtocol: false, trusted: new Networks([]) },
);
await listen({
  transport: network,
  clock,
  address: { host: '127.0.0.1', port: port as number },
  onConnection: (connection) => proxy.accept(connection),
});
