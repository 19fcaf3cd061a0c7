/**
 * What a flush writes beside the keys: what the store knows of itself as of the beginning of the flush,
 * state beside the keys, contents that nobody needs any more; and, ahead of their use, the numbers that
 * values and contents are given.
 */
import type { Clock } from '../../core/runtime/index.ts';
import type { WriteBatch } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { contentRange, KeyWriter, NUMBERS_KEY, Space, STATE_KEY } from './keys.ts';
import { encodeNumbers, encodeState, type StoredState, stateOf } from './state.ts';

/** Numbers of values that are set aside at a time. */
const VALUES_AHEAD = 1 << 20;
/** Where a content has entries. */
const SPACES = [Space.key, Space.element, Space.time, Space.fields];

export class StoreEmission {
  private readonly engine: Engine;
  private readonly clock: Clock;
  private readonly batch: WriteBatch;
  private readonly keys = new KeyWriter();
  private state: StoredState | undefined;
  private extras: [string, Buffer][] = [];
  /** Outlives a flush that is given up: the next one has them to drop. */
  private dropped: number[] = [];
  /** Numbers of values below this one are written down as used. */
  private valuesAhead = 0;

  constructor(engine: Engine, clock: Clock, batch: WriteBatch) {
    this.engine = engine;
    this.clock = clock;
    this.batch = batch;
  }

  /** A flush begins behind `logIndex`: this is the store that it writes. */
  begin(logIndex: number): void {
    const { keyspace } = this.engine;
    this.noteNumbers();
    this.state = stateOf(keyspace, logIndex, this.clock.wallMs());
    this.extras = [...this.engine.savedExtras()];
    this.dropped.push(...keyspace.droppedContents);
    keyspace.droppedContents = [];
  }

  /** Everything else is in the batch. */
  end(): void {
    const { batch, keys } = this;
    for (const content of this.dropped) {
      for (const space of SPACES) {
        const { from, to } = contentRange(space, content);
        batch.deleteRange(from, to);
      }
    }
    this.dropped = [];
    for (const [name, value] of this.extras) {
      const { buf, length } = keys.extra(name);
      batch.putRange(buf, 0, length, value, 0, value.length, 0);
    }
    // Numbers that were given to values meanwhile are of this flush: the next start leaves them alone.
    const { values } = this.engine.keyspace;
    batch.put(STATE_KEY, encodeState({ ...this.state!, values }));
  }

  /** A number that no value has had. */
  nextValue(): number {
    const number = this.engine.keyspace.values++;
    if (number >= this.valuesAhead) this.noteNumbers();
    return number;
  }

  /** Writes down numbers before they are used by what may survive this flush. */
  private noteNumbers(): void {
    const { contents, values } = this.engine.keyspace;
    this.valuesAhead = values + VALUES_AHEAD;
    this.batch.put(NUMBERS_KEY, encodeNumbers({ contents, values: this.valuesAhead }));
  }
}
