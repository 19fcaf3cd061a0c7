/** Test support: DataNodes without a NameNode, on the machine's disk and network, and a client of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../src/core/observe/index.ts';
import type { Network } from '../../../src/core/runtime/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeNetwork,
  createNodeRandom,
  createNodeThreads,
  createNodeTransport,
} from '../../../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../../../src/core/store/index.ts';
import { BlockStore } from '../../../src/files/blocks/block-store.ts';
import type { BlockName } from '../../../src/files/blocks/format.ts';
import type { FilesError } from '../../../src/files/errors.ts';
import { DataClient } from '../../../src/files/transfer/data-client.ts';
import { DataServer } from '../../../src/files/transfer/data-server.ts';
import type { StoredReplica } from '../../../src/files/transfer/messages.ts';

export const IDENTITY = '0123456789abcdef';
export const clock = createNodeClock();
export const random = createNodeRandom();

export interface TestNode {
  readonly id: string;
  readonly address: string;
  readonly folder: string;
  readonly store: BlockStore;
  readonly server: DataServer;
  readonly stored: StoredReplica[];
  readonly corrupt: { readonly name: BlockName; readonly error: FilesError }[];
  stop(): Promise<void>;
}

export class TransferWorld {
  readonly nodes: TestNode[] = [];
  readonly network: Network;
  readonly client: DataClient;
  private readonly folder = mkdtempSync(join(tmpdir(), 'plinth-transfer-'));
  private readonly clients: DataClient[] = [];

  private constructor(network: Network) {
    this.network = network;
    this.client = this.makeClient();
  }

  static async start(nodes: number): Promise<TransferWorld> {
    const world = new TransferWorld(createNodeNetwork(await createNodeTransport()));
    for (let nth = 0; nth < nodes; nth++) await world.addNode();
    return world;
  }

  makeClient(secret = 'secret', identity = IDENTITY): DataClient {
    const { dial } = this.network;
    const credentials = { secret, identity };
    const client = new DataClient({ dial, clock, random, credentials: () => credentials });
    this.clients.push(client);
    return client;
  }

  async openStore(name: string): Promise<BlockStore> {
    return BlockStore.open({
      ...{ disk: createNodeDisk(), clock, random, logger: silentLogger() },
      folder: join(this.folder, name, 'index'),
      disks: [join(this.folder, name, 'disk')],
      reserveBytes: 0,
      owner: IDENTITY,
      worker: createLsmWorker(createNodeThreads()),
    });
  }

  async addNode(connectionsMax = 64): Promise<TestNode> {
    const id = `n${this.nodes.length}`;
    const store = await this.openStore(id);
    const stored: TestNode['stored'] = [];
    const corrupt: { name: BlockName; error: FilesError }[] = [];
    const server = new DataServer({
      ...{ store, client: this.makeClient(), clock, random, connectionsMax },
      logger: silentLogger(),
      credentials: () => ({ secret: 'secret', identity: IDENTITY }),
      onStored: (replica) => stored.push(replica),
      onRemoved: () => {},
      onCorrupt: (name, error) => corrupt.push({ name, error }),
    });
    const port = await server.listen(this.network, { host: '127.0.0.1', port: 0 });
    let isStopped = false;
    const node: TestNode = {
      ...{ id, store, server, stored, corrupt },
      address: `127.0.0.1:${port}`,
      folder: join(this.folder, id, 'disk'),
      stop: async () => {
        if (isStopped) return;
        isStopped = true;
        await server.close();
        await store.close();
      },
    };
    this.nodes.push(node);
    return node;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    for (const node of this.nodes) await node.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Bytes that tell where they are. */
export function contentOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4)
    bytes.writeUInt32LE((at * 2654435761 + seed) >>> 0, at);
  return bytes;
}

export async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}
