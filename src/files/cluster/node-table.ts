/**
 * The DataNodes and their states.
 *
 *     (unknown) ──register──▶ live ──no heartbeat, or disconnected──▶ stale ──long──▶ dead ──register──▶ live
 *                               ▲───────────heartbeat──────────────────┘
 *     in-service ──decommission──▶ decommissioning ──all blocks are elsewhere──▶ decommissioned
 *     in-service ──maintenance──▶ entering-maintenance ──enough are elsewhere──▶ in-maintenance
 *           ▲────────────────── whenever the administrator says so, or maintenance is over
 *
 * A node has an index, by which the block map knows it, until it is forgotten.
 */
import type { Admin, AdminState, DiskFacts, NodeBeat, NodeFacts, NodeState } from './facts.ts';

/** Nodes at most; more are refused. */
export const NODES_MAX = 4096;

/** How the replicas of a node count. */
export const Standing = {
  /** Not at all. */
  none: 0,
  serving: 1,
  /** It is to go: its replicas are read and copied, and new ones are wanted elsewhere. */
  draining: 2,
  /** It will be away for a while: its replicas count as long as some others are there. */
  maintained: 3,
  /** In maintenance and away: its replicas will come back. */
  away: 4,
} as const;

export interface Since {
  readonly what: 'removed' | 'received' | 'corrupt';
  readonly stamp: number;
}

export interface ClusterNode {
  readonly index: number;
  readonly id: string;
  address: string;
  rack: string;
  rackIndex: number;
  disks: readonly DiskFacts[];
  totalBytes: number;
  freeBytes: number;
  /** Of the open disk that has most. */
  largestFreeBytes: number;
  state: NodeState;
  admin: AdminState;
  maintenanceUntilMs: number;
  isConnected: boolean;
  beatMs: number;
  registeredMs: number;
  /** A full report has ended since it registered. */
  isReported: boolean;
  /** Mark of replicas that the report under way, or the last one, named. */
  mark: number;
  /** While a report is under way: blocks that went, came, or were found damaged since it began. */
  report: Map<number, Since> | undefined;
  /** Until it has reported: blocks that it said are damaged, though they may not be known yet, with their stamps. */
  damaged: Map<number, number>;
  /** It has replicas that nobody named while that was not certain: it is to report again. */
  hasNameless: boolean;
  /** A report began and did not end: marks are mixed. */
  isMixed: boolean;
  /** Bytes given to writers lately that no heartbeat shows yet. */
  promisedBytes: number;
  /** Bytes of copies under way to it. */
  incomingBytes: number;
  /** Bytes of copies that have come since its last heartbeat, less those that were told to go. */
  settledBytes: number;
  /** No copies are sent to it before: it said that it is full. */
  fullUntilMs: number;
  blocks: number;
  copiesFrom: number;
  copiesTo: number;
  deletes: number;
  transfers: number;
}

export class NodeTable {
  /** Goes up when replicas count in another way than before, or racks have changed. */
  version = 0;
  /** Racks with at least one node that serves. */
  racksServing = 0;
  /** By index; `Standing`. */
  readonly standing = new Uint8Array(NODES_MAX);
  /** By index. */
  readonly rack = new Uint16Array(NODES_MAX);
  private readonly byId = new Map<string, ClusterNode>();
  private readonly byIndex: (ClusterNode | undefined)[] = [];
  private readonly racks = new Map<string, number>();
  private readonly wishes = new Map<string, { admin: Admin; untilMs: number }>();

  get(id: string): ClusterNode | undefined {
    return this.byId.get(id);
  }

  at(index: number): ClusterNode {
    return this.byIndex[index]!;
  }

  all(): IterableIterator<ClusterNode> {
    return this.byId.values();
  }

  get size(): number {
    return this.byId.size;
  }

  rackIndex(rack: string): number | undefined {
    return this.racks.get(rack);
  }

  /** Live from now on, unreported. Undefined: there is no room for another one. */
  register(facts: NodeFacts, nowMs: number): ClusterNode | undefined {
    const node = this.byId.get(facts.id) ?? this.add(facts);
    if (node === undefined) return undefined;
    node.address = facts.address;
    node.rack = facts.rack;
    node.rackIndex = this.numberRack(facts.rack);
    if (this.rack[node.index] !== node.rackIndex) this.version++;
    this.rack[node.index] = node.rackIndex;
    node.isConnected = true;
    node.isReported = false;
    node.isMixed ||= node.report !== undefined;
    node.report = undefined;
    // What it found on an earlier connection it remembers itself, and says when it reports.
    node.damaged.clear();
    node.beatMs = nowMs;
    node.registeredMs = nowMs;
    node.promisedBytes = 0;
    node.settledBytes = 0;
    node.fullUntilMs = 0;
    setDisks(node, facts.disks);
    node.state = 'live';
    this.settle(node);
    return node;
  }

  beat(node: ClusterNode, beat: NodeBeat, nowMs: number): void {
    node.beatMs = nowMs;
    node.transfers = beat.transfers;
    node.promisedBytes = Math.floor(node.promisedBytes / 2);
    node.settledBytes = 0;
    setDisks(node, beat.disks);
    if (node.isConnected && node.state === 'stale') node.state = 'live';
  }

  setState(node: ClusterNode, state: NodeState): void {
    node.state = state;
    this.settle(node);
  }

  setAdmin(node: ClusterNode, admin: AdminState): void {
    node.admin = admin;
    this.settle(node);
  }

  wish(id: string, admin: Admin, untilMs: number): void {
    if (admin === 'in-service') this.wishes.delete(id);
    else this.wishes.set(id, { admin, untilMs });
    const node = this.byId.get(id);
    if (node !== undefined) this.applyWish(node);
  }

  /** @pre no replica of it is in the block map. */
  remove(node: ClusterNode): void {
    this.byId.delete(node.id);
    this.byIndex[node.index] = undefined;
    this.standing[node.index] = Standing.none;
    this.countRacks();
  }

  private add({ id }: NodeFacts): ClusterNode | undefined {
    let index = this.byIndex.indexOf(undefined);
    if (index === -1) index = this.byIndex.length;
    if (index >= NODES_MAX) return undefined;
    const node: ClusterNode = {
      ...NEW,
      damaged: new Map(),
      index,
      id,
    };
    this.byId.set(id, node);
    this.byIndex[index] = node;
    this.applyWish(node);
    return node;
  }

  private applyWish(node: ClusterNode): void {
    const wish = this.wishes.get(node.id);
    node.maintenanceUntilMs = wish?.untilMs ?? Number.POSITIVE_INFINITY;
    if (wish === undefined) node.admin = 'in-service';
    else if (wish.admin === 'decommission') {
      if (node.admin !== 'decommissioned') node.admin = 'decommissioning';
    } else if (node.admin !== 'in-maintenance') node.admin = 'entering-maintenance';
    this.settle(node);
  }

  private settle(node: ClusterNode): void {
    const standing = standingOf(node);
    if (this.standing[node.index] === standing) return;
    this.standing[node.index] = standing;
    this.countRacks();
  }

  private countRacks(): void {
    const racks = new Set<number>();
    for (const node of this.byId.values()) {
      if (this.standing[node.index] === Standing.serving) racks.add(node.rackIndex);
    }
    this.racksServing = racks.size;
    this.version++;
  }

  private numberRack(rack: string): number {
    const known = this.racks.get(rack);
    if (known !== undefined) return known;
    const number = this.racks.size;
    this.racks.set(rack, number);
    return number;
  }
}

const NEW: Omit<ClusterNode, 'index' | 'id' | 'damaged'> = {
  address: '',
  rack: '',
  rackIndex: 0,
  disks: [],
  totalBytes: 0,
  freeBytes: 0,
  largestFreeBytes: 0,
  state: 'dead',
  admin: 'in-service',
  maintenanceUntilMs: Number.POSITIVE_INFINITY,
  isConnected: false,
  beatMs: 0,
  registeredMs: 0,
  isReported: false,
  mark: 0,
  report: undefined,
  hasNameless: false,
  isMixed: false,
  promisedBytes: 0,
  incomingBytes: 0,
  settledBytes: 0,
  fullUntilMs: 0,
  blocks: 0,
  copiesFrom: 0,
  copiesTo: 0,
  deletes: 0,
  transfers: 0,
};

function standingOf({ state, admin }: ClusterNode): number {
  switch (admin) {
    case 'in-service':
      return state === 'dead' ? Standing.none : Standing.serving;
    case 'decommissioning':
    case 'decommissioned':
      return state === 'dead' ? Standing.none : Standing.draining;
    case 'entering-maintenance':
      return state === 'dead' ? Standing.none : Standing.maintained;
    case 'in-maintenance':
      return state === 'dead' ? Standing.away : Standing.maintained;
  }
}

function setDisks(node: ClusterNode, disks: readonly DiskFacts[]): void {
  node.disks = disks;
  node.totalBytes = 0;
  node.freeBytes = 0;
  node.largestFreeBytes = 0;
  for (const { state, totalBytes, freeBytes } of disks) {
    if (state === 'failed') continue;
    node.totalBytes += totalBytes;
    if (state === 'full') continue;
    node.freeBytes += freeBytes;
    node.largestFreeBytes = Math.max(node.largestFreeBytes, freeBytes);
  }
}

/** May be written to. */
export function takesWrites(node: ClusterNode): boolean {
  return node.state === 'live' && node.isConnected && node.admin === 'in-service';
}

/** Has room for a block, after all that is on its way to it. */
export function hasRoom(node: ClusterNode, bytes: number): boolean {
  return node.largestFreeBytes - onItsWay(node) >= bytes;
}

/** What is used of the node, 0 .. 1, with what is on its way. */
export function usedShare(node: ClusterNode): number {
  if (node.totalBytes === 0) return 1;
  return 1 - Math.max(0, node.freeBytes - onItsWay(node)) / node.totalBytes;
}

/** What its last heartbeat does not show. */
function onItsWay(node: ClusterNode): number {
  return node.promisedBytes + node.incomingBytes + node.settledBytes;
}
