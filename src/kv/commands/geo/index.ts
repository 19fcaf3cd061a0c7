/** Commands on geospatial indexes, which are sorted sets with geohashes as scores. */
import type { CommandSpec } from '../../command/spec.ts';
import { pointCommands } from './points.ts';
import { searchCommands } from './searches.ts';

export const geoCommands: readonly CommandSpec[] = [...pointCommands, ...searchCommands];
