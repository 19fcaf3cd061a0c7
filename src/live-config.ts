/**
 * The configuration of a running process: read again on SIGHUP, changed by patches of the admin door.
 *
 * A patch changes the file and the process, or neither:
 *
 *     the file is as it was read ─▶ its new text ─▶ loads without a problem ─▶ written beside the file, durable
 *       ─▶ every system has agreed (prepare) ─▶ rename over the file ─▶ every system acts (commit)
 *
 * All that can fail comes before the rename, and what comes after it cannot fail, so the rename decides. A
 * process that dies before it starts again with the old file, one that dies after it with the new one.
 *
 * Invariants: reloads and patches come one after the other; after each the file, read again, gives what is
 * configured; what is configured and what runs differ only in what needs a restart. Without a file changes
 * live in memory until the process ends, or until a file appears and is read.
 */
import type { ConfigDoor, PatchOutcome } from './console/index.ts';
import {
  type AnySection,
  type Applied,
  type Config,
  type ConfigFile,
  type ConfigSource,
  configDocument,
  type Difference,
  namesIn,
  type Problem,
  patchFile,
  settingsOf,
  shownSettings,
  YamlWork,
} from './core/config/index.ts';
import type { Logger } from './core/observe/index.ts';
import { type Clock, type Disk, errorCode, type Threads } from './core/runtime/index.ts';
import { type StagedFile, stageFile } from './core/store/index.ts';

/** What stands for the file while there is none. */
const MEMORY = 'admin API';

export interface LiveConfigOptions {
  readonly sections: readonly AnySection[];
  readonly source: ConfigSource;
  /** What was loaded at the start, and from which file. */
  readonly config: Config;
  readonly file: ConfigFile | undefined;
  readonly disk: Disk;
  readonly log: Logger;
  /** For long files, which would hold up the loop; without it they do. */
  readonly yaml?: { readonly threads: Threads; readonly clock: Clock };
  /** Distinguishes this process from earlier ones in the tags of its configurations. */
  readonly life: string;
  /** See `applyConfig`. */
  apply(running: Config, next: Config, decide: () => void): Promise<Applied>;
}

export type Reloaded = Applied | { readonly ok: false; readonly problems: readonly Problem[] };

export interface LiveConfig extends ConfigDoor {
  /** What runs now. */
  running(): Config;
  /** Reads the file again and applies it whole or not at all. */
  reload(): Promise<Reloaded>;
  /** Takes patches from now on, or no longer. */
  open(isOpen: boolean): void;
}

export function createLiveConfig(options: LiveConfigOptions): LiveConfig {
  const { sections, source, disk, log } = options;
  let running = options.config;
  let configured = options.config;
  let { file } = options;
  /** What patches have said while there is no file. */
  let memory: ConfigFile | undefined;
  let needRestart: readonly Difference[] = [];
  let revision = 1;
  let isOpen = false;
  const yaml = new YamlWork(options.yaml);
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, whatever becomes of the one before. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  const etag = (): string => `"${options.life}-${revision}"`;

  function take(next: Config, applied: Extract<Applied, { ok: true }>): void {
    configured = next;
    running = applied.config;
    needRestart = applied.needRestart;
  }

  async function reloadNow(): Promise<Reloaded> {
    const reading = source.read();
    if (!reading.ok) return reading;
    const next = reading.file ?? memory;
    const loaded = source.load(next && (await yaml.parsed(next)));
    if (!loaded.ok) return loaded;
    const applied = await options.apply(running, loaded.config, () => {});
    if (!applied.ok) return applied;
    if (applied.applied.length > 0 || next?.text !== (file ?? memory)?.text) revision++;
    file = reading.file;
    if (file !== undefined) memory = undefined;
    take(loaded.config, applied);
    return applied;
  }

  async function patchNow(
    patch: unknown,
    isMeant: (etag: string) => boolean,
  ): Promise<PatchOutcome> {
    const no = (
      reason: Extract<PatchOutcome, { ok: false }>['reason'],
      detail: string,
      problems: readonly Problem[] = [],
    ): PatchOutcome => ({ ok: false, reason, detail, problems, etag: etag() });

    if (!isOpen) return no('not-open', 'the process is starting or stopping');
    if (!isMeant(etag())) return no('stale', `the configuration is ${etag()} by now`);
    const reading = source.read();
    if (!reading.ok || reading.file?.text !== file?.text) {
      const name = (file ?? (reading.ok ? reading.file : undefined))?.name ?? 'the file';
      return no(
        'file-changed',
        `${name} is not what it was when it was last read; send SIGHUP to the process first`,
      );
    }
    const base = file ?? memory ?? { name: MEMORY, text: '' };
    const patched = await patchFile(sections, configured, base, patch, yaml);
    if (!patched.ok && patched.problems.length === 0) {
      const detail = `${base.name} cannot be edited: ${patched.why}; change it by hand and send SIGHUP`;
      return no('file-form', detail);
    }
    if (!patched.ok) return no('wrong-settings', patched.why, patched.problems);
    const next = patched.file;
    const loaded = source.load(next);
    if (!loaded.ok) {
      return no('wrong-settings', 'with the patch the configuration is not right', loaded.problems);
    }
    const overridden = overrides(sections, loaded.config, patched.touched, next.name);
    if (overridden.length > 0) {
      const detail = 'what is given outside the file wins over it, so the patch would do nothing';
      return no('overridden', detail, overridden);
    }
    return await write(next, loaded.config, no);
  }

  async function write(
    next: ConfigFile,
    config: Config,
    no: (reason: 'refused' | 'unsaved', detail: string) => PatchOutcome,
  ): Promise<PatchOutcome> {
    const before = file ?? memory;
    let staged: StagedWrite | undefined;
    try {
      if (file !== undefined && next.text !== file.text) staged = stage(disk, next);
    } catch (error) {
      return no('unsaved', notWritten(next, error));
    }
    let applied: Applied;
    try {
      applied = await options.apply(running, config, () => staged?.replace(log));
    } catch (error) {
      staged?.drop();
      if (!(error instanceof ReplaceFailed)) throw error;
      return no('unsaved', notWritten(next, error.cause));
    }
    if (!applied.ok) {
      staged?.drop();
      return no('refused', `${applied.refused} refuses the change: ${applied.why}`);
    }
    const { name, text } = next;
    if (file === undefined) memory = { name, text };
    else file = { name, text };
    if (applied.applied.length > 0 || next.text !== before?.text) revision++;
    take(config, applied);
    const { applied: changes } = applied;
    const saved = file !== undefined;
    log.info('configuration changed', { changes, needRestart, saved });
    return {
      ok: true,
      etag: etag(),
      applied: changes,
      needRestart,
      ...(saved
        ? { saved, file: next.name }
        : { saved, why: 'there is no configuration file; the change ends with the process' }),
    };
  }

  return {
    running: () => running,
    reload: () => inTurn(reloadNow),
    open: (open) => {
      isOpen = open;
    },
    etag,
    document: () => configDocument(sections, configured),
    settings: () => ({ settings: shownSettings(sections, configured), needRestart }),
    patch: (patch, isMeant) => inTurn(() => patchNow(patch, isMeant)),
  };
}

/** The settings that a patch says something about and that the file does not decide. */
function overrides(
  sections: readonly AnySection[],
  config: Config,
  touched: readonly string[],
  fileName: string,
): Problem[] {
  if (touched.length === 0) return [];
  return sections.flatMap((section) =>
    settingsOf(section, namesIn(section, config.of(section))).flatMap(({ path }) => {
      const place = config.place(path);
      if (place === undefined || place.source === fileName) return [];
      if (!touched.some((each) => path === each || path.startsWith(`${each}.`))) return [];
      const text = `${path} is given by ${place.source}; change it there, or take it away there`;
      return [{ place, text, path }];
    }),
  );
}

interface StagedWrite {
  /** @throws ReplaceFailed when the old content still stands. */
  replace(log: Logger): void;
  drop(): void;
}

class ReplaceFailed extends Error {
  override readonly name = 'ReplaceFailed';
}

/** The new content beside the file, with its permissions; a symbolic link stays one. */
function stage(disk: Disk, { name, text }: ConfigFile): StagedWrite {
  const path = disk.realPathSync(name);
  const staged: StagedFile = stageFile(disk, path, Buffer.from(text), { like: path });
  return {
    replace(log) {
      try {
        staged.replace();
      } catch (cause) {
        throw new ReplaceFailed('the file was not replaced', { cause });
      }
      try {
        staged.settle();
      } catch (error) {
        // The file is the new one and only its durability in doubt: what was agreed is done, not undone.
        log.error('the configuration file may be the old one after a loss of power', {
          file: name,
          error,
        });
      }
    },
    drop: () => staged.drop(),
  };
}

function notWritten({ name }: ConfigFile, error: unknown): string {
  return `${name} cannot be written (${errorCode(error)}); nothing has changed`;
}
