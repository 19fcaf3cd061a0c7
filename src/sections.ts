/** What plinth.yaml may say: the sections of the process and those of its systems. */
import { adminConfig } from './console/config/index.ts';
import type { AnySection } from './core/config/index.ts';
import { logConfig, nodeConfig, otlpConfig } from './node-config.ts';
import type { AnySystemRow } from './system-row.ts';

/** All sections of a configuration for these systems. */
export function sectionsFor(rows: readonly AnySystemRow[]): readonly AnySection[] {
  return [nodeConfig, logConfig, otlpConfig, adminConfig, ...rows.map((row) => row.config)];
}
