/** All settings of the store, by group. */
import type { SettingRow } from './row.ts';
import { durableRows, replicationRows } from './rows-durable.ts';
import { clientRows, observeRows, processRows, userRows } from './rows-server.ts';
import { memoryRows, valueRows } from './rows-values.ts';

export const settingGroups: readonly {
  readonly title: string;
  readonly rows: readonly SettingRow[];
}[] = [
  { title: 'Values', rows: valueRows },
  { title: 'Memory', rows: memoryRows },
  { title: 'Clients and network', rows: clientRows },
  { title: 'Observation', rows: observeRows },
  { title: 'Users and scripts', rows: userRows },
  { title: 'Durability', rows: durableRows },
  { title: 'Replication and cluster', rows: replicationRows },
  { title: 'Process', rows: processRows },
];

export const settingRows: readonly SettingRow[] = settingGroups.flatMap(({ rows }) => rows);
