/**
 * What a row of the table of systems says, and what a system is given. The table itself stands in
 * systems.ts; what works on rows imports only this file and so knows no system.
 */
import type { Listening, System, SystemStatus } from './core/base/index.ts';
import type {
  AnySection,
  Config,
  Fields,
  Prepared,
  Section,
  Setting,
  ValuesOf,
} from './core/config/index.ts';
import type { Stages } from './core/http/index.ts';
import type { Logger, Metrics } from './core/observe/index.ts';
import type { Clock, Disk, Random, Spawn, Threads } from './core/runtime/index.ts';

/** What a system is given beside its settings. */
export interface SystemContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly spawn: Spawn;
  readonly threads: Threads;
  /** The system's own folder. It exists, is writable, and its parent is locked for this process. */
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What systems put into the pipelines of others. */
  readonly stages: Stages;
  /** Another system of this process, by its name; undefined: it does not run. Of use from `start` on. */
  readonly peer: (name: string) => System | undefined;
  /** Asks the process to stop in order, as SIGTERM does. */
  readonly requestStop: () => void;
}

/** A system that may take changed settings while it runs. */
export interface ReloadableSystem<V> extends System {
  /** See `Reloadable.prepare` of core/config. Absent: every change of the section needs a restart. */
  prepare?(next: V): Promise<Prepared>;
}

/** Every section of a system can be switched off. */
type SwitchableFields = Fields & { readonly enabled: Setting<boolean> };

/** Settings made of several sections. */
export interface Given<V> {
  /** The sections beside the row's own. */
  readonly also: readonly AnySection[];
  make(of: Config['of']): V;
}

export interface SystemRow<F extends SwitchableFields> {
  readonly config: Section<F>;
  /** For a system that is given more than its own section says. */
  readonly given?: Given<ValuesOf<F>>;
  /** Makes the system. Its code is loaded here: a process that does not run it has no memory and time for it. */
  create(settings: ValuesOf<F>, context: SystemContext): Promise<ReloadableSystem<ValuesOf<F>>>;
  /** Two commands to try, printed when the process is up; `listening` has the ports really taken. */
  tryIt(
    listening: readonly Listening[],
    settings: ValuesOf<F>,
    facts: SystemStatus['facts'],
  ): readonly string[];
}

/** A row whose types are forgotten; what it is given comes from its own section. */
export interface AnySystemRow {
  readonly config: AnySection;
  readonly given?: Given<unknown>;
  create(settings: never, context: SystemContext): Promise<ReloadableSystem<never>>;
  tryIt(
    listening: readonly Listening[],
    settings: never,
    facts: SystemStatus['facts'],
  ): readonly string[];
}

/** Checks a row against its section. */
export function systemRow<const F extends SwitchableFields>(row: SystemRow<F>): AnySystemRow {
  return row;
}
