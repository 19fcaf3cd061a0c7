/**
 * On which nodes replicas are to be.
 *
 * The first one is near the writer, the second on another rack, the third on the rack of the second but on another
 * node, further ones on the racks that have fewest (HDFS's default policy). A copy that is lacking goes to another
 * rack when all are on one, else to the rack with fewest. Of the nodes that would do two are drawn and the one with
 * more free space is taken: always to take the emptiest would send everything to a node that is new.
 *
 * Invariants: nothing is placed on a node twice; all replicas are on one rack only when no other rack has a node
 * with room that takes writes.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Place, TargetRequest, Targets } from './facts.ts';
import { type ClusterNode, hasRoom, type NodeTable, takesWrites, usedShare } from './node-table.ts';

export interface CopyPlace {
  readonly bytes: number;
  /** Indexes of nodes whose replicas count. */
  readonly holders: readonly number[];
  /** Indexes of all nodes that must not be taken. */
  readonly taken: readonly number[];
  /** Only another rack than that of the holders will do. */
  readonly isForRacks: boolean;
  /** Whether the node may take a copy now. */
  mayTake(node: ClusterNode): boolean;
}

export class Placement {
  private readonly nodes: NodeTable;
  private readonly random: Random;

  constructor(nodes: NodeTable, random: Random) {
    this.nodes = nodes;
    this.random = random;
  }

  /** For a block that is to be written. */
  targets({ replication, bytes, writer = {}, exclude }: TargetRequest): Targets {
    const usable = [...this.nodes.all()].filter(
      (node) => takesWrites(node) && exclude?.has(node.id) !== true,
    );
    const free = usable.filter((node) => hasRoom(node, bytes));
    if (free.length === 0) {
      return { found: false, why: usable.length === 0 ? 'no-nodes' : 'disk-full' };
    }
    const chosen: ClusterNode[] = [];
    while (chosen.length < replication) {
      const left = free.filter((node) => !chosen.includes(node));
      if (left.length === 0) break;
      chosen.push(this.draw(this.preferred(left, chosen, writer)));
    }
    for (const node of chosen) node.promisedBytes += bytes;
    return { found: true, nodes: chosen.map(({ id }) => id) };
  }

  /** `none`: no node will do; `busy`: one would, later. */
  forCopy(place: CopyPlace, nowMs: number): ClusterNode | 'none' | 'busy' {
    const racks = new Set(place.holders.map((node) => this.nodes.rack[node]!));
    const able: ClusterNode[] = [];
    for (const node of this.nodes.all()) {
      if (!takesWrites(node) || !hasRoom(node, place.bytes)) continue;
      if (place.taken.includes(node.index)) continue;
      able.push(node);
    }
    const elsewhere = able.filter(({ rackIndex }) => !racks.has(rackIndex));
    const needsRack = place.isForRacks || (racks.size === 1 && elsewhere.length > 0);
    const wanted = needsRack ? elsewhere : able;
    if (wanted.length === 0) return 'none';
    const ready = wanted.filter((node) => place.mayTake(node) && node.fullUntilMs <= nowMs);
    if (ready.length === 0) return 'busy';
    const counts = this.countRacks(place.holders);
    return this.draw(leastBy(ready, ({ rackIndex }) => counts.get(rackIndex) ?? 0));
  }

  private preferred(
    left: readonly ClusterNode[],
    chosen: readonly ClusterNode[],
    writer: Place,
  ): readonly ClusterNode[] {
    const [first, second] = chosen;
    if (first === undefined) return nearest(left, writer, this.nodes);
    if (new Set(chosen.map(({ rackIndex }) => rackIndex)).size === 1) {
      const elsewhere = left.filter(({ rackIndex }) => rackIndex !== first.rackIndex);
      if (elsewhere.length > 0) return elsewhere;
    }
    if (second !== undefined && chosen.length === 2) {
      const beside = left.filter(({ rackIndex }) => rackIndex === second.rackIndex);
      if (beside.length > 0) return beside;
    }
    const counts = this.countRacks(chosen.map(({ index }) => index));
    return leastBy(left, ({ rackIndex }) => counts.get(rackIndex) ?? 0);
  }

  private countRacks(nodes: readonly number[]): Map<number, number> {
    const counts = new Map<number, number>();
    for (const node of nodes) {
      const rack = this.nodes.rack[node]!;
      counts.set(rack, (counts.get(rack) ?? 0) + 1);
    }
    return counts;
  }

  /** Two random choices, the one with more free space. */
  private draw(from: readonly ClusterNode[]): ClusterNode {
    const one = from[Math.floor(this.random.float() * from.length)]!;
    const other = from[Math.floor(this.random.float() * from.length)]!;
    return usedShare(other) < usedShare(one) ? other : one;
  }
}

function nearest(
  left: readonly ClusterNode[],
  writer: Place,
  nodes: NodeTable,
): readonly ClusterNode[] {
  const same = left.filter(({ id }) => id === writer.node);
  if (same.length > 0) return same;
  const rack = (writer.node && nodes.get(writer.node)?.rack) || writer.rack;
  const near = left.filter((node) => node.rack === rack);
  return near.length > 0 ? near : left;
}

function leastBy<T>(all: readonly T[], count: (each: T) => number): T[] {
  let least = Number.POSITIVE_INFINITY;
  let found: T[] = [];
  for (const each of all) {
    const counted = count(each);
    if (counted > least) continue;
    if (counted < least) found = [];
    least = counted;
    found.push(each);
  }
  return found;
}
