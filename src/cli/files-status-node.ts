/** `plinth files status` of a DataNode. */
import { formatDuration } from '../core/config/index.ts';
import type { DataNodeShown } from '../files/index.ts';
import { disksText, scrubText } from './files-status-disks.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

const CONNECTIONS: Readonly<Record<DataNodeShown['nameNode']['connection'], string>> = {
  apart: 'not reached',
  joined: 'connected, and told of a part of the blocks',
  reported: 'connected, and told of all blocks',
  refused: 'refuses this node',
};

/** It is connected, its disks take writes, and nothing of it was damaged when it reported. */
export function isNodeWell({ nameNode, disks, reported }: DataNodeShown): boolean {
  const isDiskWell = disks.every(({ state }) => state === 'open');
  return nameNode.connection === 'reported' && isDiskWell && reported?.damaged === 0;
}

export function nodeText(node: DataNodeShown): string {
  const { id, rack, address = 'not reached yet', nameNode, reported, transfers } = node;
  const rows = [
    ['DATANODE', `${id} at ${address}, rack ${rack}`],
    ['NAMENODE', `${nameNode.address}, ${CONNECTIONS[nameNode.connection]}`],
    ['BLOCKS', blocksText(reported)],
    ['TRANSFERS', `${transfers} under way`],
    ['SCRUB', scrubText(node.scrub)],
  ];
  return [table(rows), disksText(node.disks)].join('\n');
}

function blocksText(reported: DataNodeShown['reported']): string {
  if (reported === undefined) return 'not told yet';
  const { blocks, bytes, damaged, agoMs } = reported;
  const ago = formatDuration(Math.ceil(agoMs / 1000) * 1000);
  return `${blocks}, ${roughSize(bytes)}, ${damaged} damaged, as told ${ago} ago`;
}
