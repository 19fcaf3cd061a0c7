/** What operators can ask of a DataNode: itself. What concerns files is asked of its NameNode. */
import type { Operation, OperationRefused } from '../../core/base/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { ControlState } from '../datanode/control-client.ts';
import type { DataNode } from '../datanode/data-node.ts';
import { type DiskShown, diskShown, type ScrubShown } from './files-status.ts';

export interface DataNodeShown {
  readonly id: string;
  readonly rack: string;
  /** Where others reach its blocks; left out: it does not listen yet. */
  readonly address?: string;
  readonly nameNode: {
    /** `host:port` on which it listens for DataNodes. */
    readonly address: string;
    readonly connection: ControlState;
  };
  readonly disks: readonly DiskShown[];
  /** What there was when it last told the NameNode of all; left out: it has not yet. */
  readonly reported?: {
    readonly blocks: number;
    readonly bytes: number;
    readonly damaged: number;
    readonly agoMs: number;
  };
  /** Blocks that are being given and taken now. */
  readonly transfers: number;
  readonly scrub: ScrubShown;
}

/** The answer to `GET /status` of a DataNode; that of a NameNode has no `dataNode`. */
export interface DataNodeStatusBody {
  readonly dataNode: DataNodeShown;
}

export interface DataNodeAdminOptions {
  readonly node: Pick<DataNode, 'identity' | 'status' | 'host' | 'port'>;
  readonly clock: Clock;
  /** As they are set. */
  readonly rack: string;
  readonly nameNode: string;
  readonly advertised: string | undefined;
  readonly scrubBytesPerSecond: number;
}

export function dataNodeOperations(options: DataNodeAdminOptions): readonly Operation[] {
  const refuse = (): OperationRefused => refusal(options.nameNode);
  return [
    {
      method: 'GET',
      path: '/status',
      about: 'This DataNode: its disks, its blocks, its connection to the NameNode.',
      needsToken: false,
      run: () => ({ ok: true, body: { dataNode: shown(options) } satisfies DataNodeStatusBody }),
    },
    {
      method: 'POST',
      path: '/fsck',
      about: 'Refused: files are known to the NameNode.',
      needsToken: true,
      run: refuse,
    },
    {
      method: 'DELETE',
      path: '/nodes/:node',
      about: 'Refused: DataNodes are known to the NameNode.',
      needsToken: true,
      run: refuse,
    },
  ];
}

function refusal(nameNode: string): OperationRefused {
  return {
    ok: false,
    status: 409,
    problem: 'data-node',
    title: 'This process is a DataNode.',
    detail: `this process is a DataNode of the NameNode at ${nameNode}: ask the admin door of that one`,
  };
}

function shown(options: DataNodeAdminOptions): DataNodeShown {
  const { node, clock, rack, nameNode, advertised, scrubBytesPerSecond } = options;
  const { control, transfers, disks, reported, scrub } = node.status;
  const { host, port } = node;
  return {
    id: node.identity.id,
    rack,
    ...(port > 0 && {
      address: advertised ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    }),
    nameNode: { address: nameNode, connection: control },
    disks: disks.map(diskShown),
    ...(reported !== undefined && { reported: reportedShown(reported, clock.monotonicMs()) }),
    transfers,
    scrub: {
      ...(scrub ?? { rounds: 0, blocks: 0, bytes: 0, bad: 0 }),
      bytesPerSecond: scrubBytesPerSecond,
    },
  };
}

function reportedShown(
  { blocks, bytes, damaged, endedMs }: NonNullable<DataNode['status']['reported']>,
  nowMs: number,
): NonNullable<DataNodeShown['reported']> {
  return { blocks, bytes, damaged, agoMs: Math.max(0, nowMs - endedMs) };
}
