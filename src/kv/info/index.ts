/** INFO: its sections, and which of them a request means. */
import type { Engine } from '../engine/engine.ts';
import { commandFields, errorFields, latencyFields } from './about-commands.ts';
import { clientFields, cpuFields, memoryFields, serverFields } from './about-process.ts';
import {
  keyspaceFields,
  persistenceFields,
  replicationFields,
  statsFields,
  tierFields,
} from './about-store.ts';
import type { InfoSection } from './section.ts';

/** All sections, in their order. */
export const infoSections: readonly InfoSection[] = [
  { name: 'server', title: 'Server', isDefault: true, fields: serverFields },
  { name: 'clients', title: 'Clients', isDefault: true, fields: clientFields },
  { name: 'memory', title: 'Memory', isDefault: true, fields: memoryFields },
  { name: 'persistence', title: 'Persistence', isDefault: true, fields: persistenceFields },
  { name: 'tier', title: 'Tier', isDefault: true, fields: tierFields },
  { name: 'stats', title: 'Stats', isDefault: true, fields: statsFields },
  { name: 'replication', title: 'Replication', isDefault: true, fields: replicationFields },
  { name: 'cpu', title: 'CPU', isDefault: true, fields: cpuFields },
  { name: 'modules', title: 'Modules', isDefault: true, fields: () => [] },
  { name: 'commandstats', title: 'Commandstats', isDefault: false, fields: commandFields },
  { name: 'errorstats', title: 'Errorstats', isDefault: true, fields: errorFields },
  { name: 'latencystats', title: 'Latencystats', isDefault: false, fields: latencyFields },
  {
    name: 'cluster',
    title: 'Cluster',
    isDefault: true,
    fields: () => [['cluster_enabled', 0]],
  },
  { name: 'keyspace', title: 'Keyspace', isDefault: true, fields: keyspaceFields },
];

/** The text of INFO; `wanted` are its arguments in lower case, none for the default ones. */
export function infoText(engine: Engine, wanted: readonly string[]): string {
  const all = wanted.includes('all') || wanted.includes('everything');
  const defaults = wanted.length === 0 || wanted.includes('default');
  const parts: string[] = [];
  for (const section of infoSections) {
    if (!all && !wanted.includes(section.name) && !(defaults && section.isDefault)) continue;
    const lines = section.fields(engine).map(([name, value]) => `${name}:${value}\r\n`);
    parts.push(`# ${section.title}\r\n${lines.join('')}`);
  }
  return parts.join('\r\n');
}
