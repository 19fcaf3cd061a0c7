/**
 * What a NameNode does in a second: operations on names, each durable before it is answered. Once called in this
 * process, as HDFS' NNThroughputBenchmark does it, once by the WebHDFS door of a process of its own.
 */
import { silentLogger } from '../../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../../src/core/store/index.ts';
import { Namespace } from '../../src/files/namespace/namespace.ts';
import { DoorClient, type DoorRequest } from './door-client.ts';
import { benchFolder } from './folders.ts';
import type { ServerGroup } from './servers.ts';

/** In this order: each works on what the ones before have made. */
export const OPERATIONS = ['mkdir', 'create', 'stat', 'rename', 'delete'] as const;
export type OperationName = (typeof OPERATIONS)[number];

export const CALLERS = { calls: 256, door: 64 } as const;
const IN_DIRECTORY = 1000;

export interface OperationSample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

export type OperationSamples = Map<OperationName, OperationSample[]>;

type Run = (name: OperationName, nth: number, caller: number) => Promise<unknown>;

/** @param rounds each with `count` files of its own. */
async function measureRounds(
  { rounds, count, callers }: { rounds: number; count: number; callers: number },
  run: (round: number) => Run,
  cpuMicros: () => number,
): Promise<OperationSamples> {
  const samples: OperationSamples = new Map(OPERATIONS.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const work = run(round);
    for (const name of OPERATIONS) {
      let next = 0;
      const cpu = cpuMicros();
      const from = performance.now();
      const lane = async (_: unknown, caller: number): Promise<void> => {
        for (let nth = next++; nth < count; nth = next++) await work(name, nth, caller);
      };
      await Promise.all(Array.from({ length: callers }, lane));
      const seconds = (performance.now() - from) / 1000;
      const used = cpuMicros() - cpu;
      samples.get(name)!.push({ perSecond: count / seconds, cpuMicros: used / count });
    }
  }
  return samples;
}

const make = { owner: 'me', group: 'us', permission: 0o755, implicit: true } as const;
const directoryOf = (round: number, nth: number): string[] => [
  'bucket',
  `round-${round}`,
  `directory-${Math.floor(nth / IN_DIRECTORY)}`,
];

/** Called in this process, without a door. */
export async function measureCalls(options: {
  rounds: number;
  count: number;
}): Promise<OperationSamples> {
  const { path: folder, remove } = benchFolder();
  const namespace = await Namespace.open({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    logger: silentLogger(),
    folder,
    worker: createLsmWorker(createNodeThreads()),
  });
  try {
    await namespace.run('makeDirectory', { path: ['bucket'], make: { ...make, implicit: false } });
    const cpuMicros = (): number => {
      const { user, system } = process.cpuUsage();
      return user + system;
    };
    const run = (round: number): Run => callOf(namespace, round);
    return await measureRounds({ ...options, callers: CALLERS.calls }, run, cpuMicros);
  } finally {
    await namespace.close();
    remove();
  }
}

function callOf(namespace: Namespace, round: number): Run {
  return async (name, nth) => {
    const directory = directoryOf(round, nth);
    const file = `file-${nth}`;
    switch (name) {
      case 'mkdir':
        return await namespace.run('makeDirectory', {
          path: [...directory, `made-${nth}`],
          make: { ...make, implicit: false },
        });
      case 'create':
        return await namespace.run('put', {
          ...{ directory, name: file, make },
          file: {
            ...{ size: 0, replication: 1, blockBytes: 67_108_864, etag: '', object: EMPTY },
            ...{ owner: 'plinth', group: 'plinth', permission: 0o644 },
          },
          content: { extents: [], newBlocks: [] },
        });
      case 'stat':
        return await namespace.reader.head(directory, file);
      case 'rename':
        return await namespace.run('rename', {
          ...{ from: [...directory, file], to: [...directory, `moved-${nth}`], kind: 'file' },
        });
      case 'delete':
        return await namespace.run('remove', { directory, name: `moved-${nth}`, make });
    }
  };
}

const EMPTY = Buffer.from('{}');

/** By the WebHDFS door on this port. */
export async function measureDoor(
  server: ServerGroup,
  port: number,
  options: { rounds: number; count: number },
): Promise<OperationSamples> {
  const lanes = Array.from({ length: CALLERS.door }, () => DoorClient.connect({ port }));
  const clients = await Promise.all(lanes);
  try {
    const run =
      (round: number): Run =>
      (name, nth, caller) =>
        clients[caller]!.ask(requestOf(name, round, nth));
    const cpuMicros = (): number => server.cpuMicros();
    return await measureRounds({ ...options, callers: CALLERS.door }, run, cpuMicros);
  } finally {
    for (const client of clients) client.close();
  }
}

function requestOf(name: OperationName, round: number, nth: number): DoorRequest {
  const at = `webhdfs/v1/${directoryOf(round, nth).join('/')}`;
  const file = `${at}/file-${nth}`;
  const user = { 'user.name': 'plinth' };
  switch (name) {
    case 'mkdir':
      return { method: 'PUT', path: `${at}/made-${nth}`, query: { op: 'MKDIRS', ...user } };
    case 'create':
      return { method: 'PUT', path: file, query: { op: 'CREATE', data: 'true', ...user } };
    case 'stat':
      return { method: 'GET', path: file, query: { op: 'GETFILESTATUS', ...user } };
    case 'rename': {
      const destination = `/${directoryOf(round, nth).join('/')}/moved-${nth}`;
      return { method: 'PUT', path: file, query: { op: 'RENAME', destination, ...user } };
    }
    case 'delete':
      return { method: 'DELETE', path: `${at}/moved-${nth}`, query: { op: 'DELETE', ...user } };
  }
}
