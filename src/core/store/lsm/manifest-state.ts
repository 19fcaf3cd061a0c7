/**
 * What a row of edits adds up to. Refuses an edit that does not follow from those before, so that neither
 * a damaged manifest is believed nor a wrong edit written down.
 */
import {
  COUNTERS,
  COUNTERS_AT_FIRST,
  type Counters,
  countersAfter,
  type Edit,
  LEVELS,
  type LeveledTable,
} from './edit.ts';
import { misplaced, overlaps } from './version.ts';

/** An edit that says everything. */
export type WholeEdit = Required<Pick<Edit, 'whole' | 'add'>> & Counters;

export class ManifestState {
  counters: Counters = COUNTERS_AT_FIRST;
  readonly #tables = new Map<number, LeveledTable>();

  tables(): LeveledTable[] {
    return [...this.#tables.values()];
  }

  whole(): WholeEdit {
    return { whole: true, add: this.tables(), ...this.counters };
  }

  /** Why an edit does not fit, null when it does. */
  refusal(edit: Edit): string | null {
    for (const counter of COUNTERS) {
      const value = edit[counter];
      if (value !== undefined && value < this.counters[counter]) return `${counter} falls`;
    }
    const dropped = new Set(edit.drop);
    for (const number of dropped) {
      if (!this.#tables.has(number)) return `table ${number} is dropped and was not there`;
    }
    const nextTable = edit.nextTable ?? this.counters.nextTable;
    for (const { meta } of edit.add ?? []) {
      const { number } = meta;
      if (number >= nextTable) return `table ${number} is not below the next one, ${nextTable}`;
      const stays = edit.whole !== true && this.#tables.has(number) && !dropped.has(number);
      if (stays) return `table ${number} is added and was there`;
    }
    return this.#misplacement(edit, dropped);
  }

  /** The edit fits. */
  apply(edit: Edit): void {
    if (edit.whole === true) this.#tables.clear();
    for (const number of edit.drop ?? []) this.#tables.delete(number);
    for (const table of edit.add ?? []) this.#tables.set(table.meta.number, table);
    this.counters = countersAfter(this.counters, edit);
  }

  /** Why the added tables do not fit on their levels. Looks at each table that stays once. */
  #misplacement(edit: Edit, dropped: ReadonlySet<number>): string | null {
    const add = edit.add ?? [];
    const among = misplaced(add);
    if (among !== null || edit.whole === true) return among;
    for (let level = 1; level < LEVELS; level++) {
      const added = add.filter((table) => table.level === level).map(({ meta }) => meta);
      if (added.length === 0) continue;
      const starts = added.map(({ smallest }) => smallest);
      const smallest = starts.reduce((a, b) => (b.compare(a) < 0 ? b : a));
      const end = added.map((meta) => meta.end).reduce((a, b) => (b.compare(a) > 0 ? b : a));
      for (const { meta, level: itsLevel } of this.#tables.values()) {
        if (itsLevel !== level || dropped.has(meta.number)) continue;
        if (!overlaps(meta, smallest, end)) continue;
        const other = added.find((one) => overlaps(meta, one.smallest, one.end));
        if (other === undefined) continue;
        return `tables ${meta.number} and ${other.number} of level ${level} overlap`;
      }
    }
    return null;
  }
}
