/**
 * The settings of one store under the names that CONFIG GET and CONFIG SET use.
 *
 * Invariant: a change of several settings is checked whole before any of them is made.
 */
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import { Refusal } from './kinds.ts';
import type { SettingRow, SettingTarget } from './row.ts';
import { settingRows } from './rows.ts';

/** Rows by every name they have. */
const ROW_OF_NAME = new Map<string, SettingRow>();
for (const row of settingRows) {
  for (const name of [row.name, ...row.aliases]) ROW_OF_NAME.set(name, row);
}
const NAMES = [...ROW_OF_NAME.keys()].sort();

export class SettingTable {
  private readonly target: SettingTarget;
  private readonly listeners = new Map<string, () => void>();

  constructor(engine: Engine) {
    this.target = { engine, settings: engine.settings, kept: new Map() };
  }

  /** All names in alphabetical order, older ones included. */
  names(): readonly string[] {
    return NAMES;
  }

  /** A value as CONFIG GET prints it; undefined for a name that is no setting. */
  get(name: string): string | undefined {
    return ROW_OF_NAME.get(name)?.read(this.target);
  }

  /** Calls back whenever a setting has been set. */
  onChange(name: string, listener: () => void): void {
    this.listeners.set(name, listener);
  }

  /**
   * Sets all of these or none. Names in any case.
   * @throws ReplyError with Redis' text: unknown name, fixed setting, name given twice, bad value.
   */
  set(pairs: readonly (readonly [name: string, text: string])[]): void {
    const rows: SettingRow[] = [];
    for (const [given] of pairs) {
      const row = ROW_OF_NAME.get(given.toLowerCase());
      if (row === undefined) {
        throw new ReplyError(
          `ERR Unknown option or number of arguments for CONFIG SET - '${given.slice(0, 128)}'`,
        );
      }
      if (row.fixed !== undefined) throw failed(given, row.fixed);
      if (rows.includes(row)) throw failed(given, 'duplicate parameter');
      rows.push(row);
    }
    const changes = rows.map((row, i) => {
      const change = row.prepare(pairs[i]![1], this.target);
      if (change instanceof Refusal) throw failed(pairs[i]![0], change.text);
      return change;
    });
    for (const change of changes) change();
    for (const row of rows) this.listeners.get(row.name)?.();
  }
}

function failed(name: string, why: string): ReplyError {
  return new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
}
