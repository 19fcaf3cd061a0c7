/**
 * A large value whose elements are the nodes of a table: a hash's fields, the members of a set or a
 * sorted set. What of its elements has changed is noted in the nodes themselves, by their status; such
 * a value has no head.
 *
 * Invariants: whoever adds, changes or removes a node tells `changes`, while there are any, and
 * `nodeBytes` is what the table's nodes take.
 */
import {
  type ElementIn,
  type ElementNameOut,
  type ElementOut,
  type LargeValue,
  NodeChanges,
  type NodeOwner,
  type Type,
} from '../keyspace/index.ts';
import { type Address, type Arena, SEGMENT_SHIFT, type Table } from '../memory/index.ts';

export abstract class NodeElements implements LargeValue, NodeOwner {
  abstract readonly type: Type;
  readonly arena: Arena;
  readonly table: Table;
  changes: NodeChanges | undefined;
  protected nodeBytes = 0;

  constructor(arena: Arena, table: Table) {
    this.arena = arena;
    this.table = table;
  }

  /** Elements, expired fields that nobody removed yet included. */
  get size(): number {
    return this.table.size;
  }

  get elementCount(): number {
    return this.table.size;
  }

  /** The buffer that a node lies in. */
  bytesOf(node: Address): Buffer {
    return this.arena.bytes[node >>> SEGMENT_SHIFT]!;
  }

  /** Where the element's name, a field or a member, begins in `bytesOf`. */
  abstract nameStart(node: Address): number;
  abstract nameLength(node: Address): number;
  abstract statusOf(node: Address): number;
  abstract setStatus(node: Address, status: number): void;

  beginChanges(loading: boolean, doubtful = false): void {
    this.changes = new NodeChanges(this, loading, doubtful);
  }

  loaded(): boolean {
    this.changes!.loading = false;
    return true;
  }

  endChanges(): void {
    this.changes = undefined;
    this.table.each((node) => {
      this.setStatus(node, 0);
      return true;
    });
  }

  writeHead(_out: ElementOut): void {}

  readHead(_from: ElementIn): void {}

  abstract writeElement(node: Address, out: ElementNameOut): void;
  abstract readElement(name: Buffer, from: ElementIn): void;
  abstract memoryBytes(): number;
  abstract release(budget: number): boolean;
}
