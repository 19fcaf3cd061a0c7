/** The parts that a process may have among several DataNodes, made of the settings. */

import type { Logger } from '../core/observe/index.ts';
import type { Clock, Disk, Network, Random, Threads } from '../core/runtime/index.ts';
import { createLsmWorker } from '../core/store/index.ts';
import type { FilesSettings } from './config/config.ts';
import { DataNode } from './datanode/data-node.ts';
import { dataConnectionsMax } from './limits.ts';
import { NameNode } from './namenode/name-node.ts';
import type { StorageParts } from './objects/file-system.ts';
import { hostPort } from './transfer/link-pool.ts';

export interface RoleContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly threads: Threads;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly network: Network;
}

/** Opens what makes this process a NameNode with DataNodes. @throws ListenError, FilesError. */
export function openNameNode(
  settings: FilesSettings,
  context: RoleContext,
  listen: string,
  parts: StorageParts,
): Promise<NameNode> {
  const { clock, random, disk, network, dataFolder, log } = context;
  const { secret, rack, cluster } = settings;
  const { deadMs, namelessMs, repairBytes } = cluster;
  return NameNode.open({
    ...parts,
    ...{ clock, random, disk, network, rack, deadMs, namelessMs },
    folder: dataFolder,
    logger: log,
    listen: hostPort(listen),
    secret: secret?.reveal() ?? '',
    isLocal: cluster.local,
    replicasMin: cluster.minReplicas,
    ...(repairBytes > 0 && { repairBytesPerSecond: repairBytes }),
    ...adminOf(settings),
  });
}

/** What the settings want of nodes, by id or address. */
export function adminOf({ cluster }: FilesSettings): {
  readonly decommission: readonly string[];
  readonly maintenance: readonly string[];
} {
  const { decommission, maintenance } = cluster;
  return { decommission, maintenance };
}

/** @throws FilesError, LsmError, ListenError. */
export function openDataNode(
  settings: FilesSettings,
  context: RoleContext,
  join: string,
): Promise<DataNode> {
  const { clock, random, disk, network, threads, dataFolder, log } = context;
  const { disks, reserveBytes, scrubBytes, secret, rack, dataBind, dataPort, advertised } =
    settings;
  return DataNode.open({
    ...{ clock, random, disk, network, disks, reserveBytes, rack, join },
    folder: dataFolder,
    logger: log,
    scrubBytesPerSecond: scrubBytes,
    worker: () => createLsmWorker(threads),
    secret: secret?.reveal() ?? '',
    listen: { host: dataBind === 'localhost' ? '127.0.0.1' : dataBind, port: dataPort },
    ...(advertised !== undefined && { advertised }),
    connectionsMax: dataConnectionsMax,
  });
}
