/**
 * A world of nodes, racks and disks around a `ClusterState`, for its simulation: everything that may go wrong goes
 * wrong by a seed, and what is planned is held against what is true.
 *
 *     node ──outbox, in order──▶ NameNode ──inbox, in order──▶ node ──transfer──▶ node
 *
 * A connection that is cut loses what is under way on it. A node carries out what it was told until it notices that
 * the connection is cut; then it registers anew and reports.
 */
import { createSimRandom, type SimRandom } from '../../core/runtime/sim/index.ts';
import { ClusterState } from './cluster-state.ts';
import type { DiskFacts, Lookup, Replica, Wanted } from './facts.ts';
import type { ClusterOptions } from './options.ts';
import { checkErase, checkOrphans, checkWork, STALE_MS } from './simulation-checks.ts';
import type { CopyWork, DeleteWork, Outcome, Work } from './work.ts';

const DEAD_MS = 10_000;
const LATE_MS = 3000;
const SAFE_MODE_MS = 8000;
const CAPACITY = 1_000_000;

/** A replica on a disk. */
export interface Stored {
  readonly stamp: number;
  readonly length: number;
  isRotten: boolean;
  /** Its node knows of the rot, and remembers it. */
  isKnown: boolean;
  /** The NameNode has been told. */
  isFound: boolean;
}

type Command =
  | { readonly kind: 'work'; readonly work: Work }
  | { readonly kind: 'drop'; readonly block: number; readonly stamp: number };

type Message =
  | { readonly kind: 'register' }
  | { readonly kind: 'beat' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }
  | { readonly kind: 'page'; readonly replicas: readonly Replica[] }
  | { readonly kind: 'received'; readonly replica: Replica }
  | { readonly kind: 'removed'; readonly block: number; readonly stamp: number }
  | { readonly kind: 'corrupt'; readonly block: number; readonly stamp: number }
  | { readonly kind: 'whole'; readonly replica: Replica }
  | { readonly kind: 'answer'; readonly work: Work; readonly outcome: Outcome };

export interface SimNode {
  readonly id: string;
  readonly rack: string;
  readonly disk: Map<number, Stored>;
  isUp: boolean;
  /** It believes that it is connected. */
  isConnected: boolean;
  /** The NameNode has no connection to it, whatever it believes. */
  isCut: boolean;
  isFull: boolean;
  stalledUntilMs: number;
  beatMs: number;
  inbox: Command[];
  /** Orders from a connection before, which it carries out at `lateMs`. */
  late: Command[];
  lateMs: number;
  outbox: Message[];
  /** Look-ups for the first message, made before it is taken. */
  lookup: Lookup | undefined;
  /** When it begins to report after it has registered. */
  reportMs: number;
  /** A report under way: the block that the next page begins behind. */
  reportAbove: number | undefined;
  /** A page that was read and not sent. */
  page: Message | undefined;
  /** When the NameNode hears that the connection is cut. */
  noticeMs: number;
  /** As the NameNode has been told last. */
  seenMs: number;
  seenFree: number;
  isReported: boolean;
  /** Gone from its disk while the NameNode can not know. */
  readonly ghosts: Map<number, Stored>;
  /** Lost at a restart; what was known of them is so until it has reported. */
  readonly lost: Set<number>;
  admin: 'in-service' | 'decommission' | 'maintenance';
}

interface Transfer {
  readonly from: SimNode;
  readonly to: SimNode;
  readonly work: CopyWork;
  readonly dueMs: number;
}

/** A block that is written, without a name so far. */
export interface Writing {
  readonly wanted: Wanted;
  readonly nodes: readonly SimNode[];
}

export class World {
  readonly random: SimRandom;
  readonly nodes: SimNode[] = [];
  /** What is named. */
  readonly names = new Map<number, Wanted>();
  readonly writing = new Map<number, Writing>();
  state!: ClusterState;
  nowMs = 1000;
  /** When the state was last told the time. */
  tickedMs = 0;
  /** Without faults: everything is answered, nothing is late. */
  isCalm = false;
  private transfers: Transfer[] = [];
  /** Work that this NameNode has given out. */
  private readonly asked = new Set<Work>();
  private readonly reported = new Set<SimNode>();
  private startedMs = 0;
  nextBlock = 1;
  private readonly options: Partial<ClusterOptions>;

  /** @param nodes left out: three to seven. */
  constructor(seed: number, nodes?: number) {
    this.random = createSimRandom(seed);
    const { random } = this;
    const racks = 1 + random.below(3);
    const count = nodes ?? 3 + random.below(5);
    for (let nth = 0; nth < count; nth++) {
      this.nodes.push({
        id: `n${nth}`,
        rack: `r${nth % racks}`,
        disk: new Map(),
        isUp: true,
        isConnected: false,
        isCut: false,
        isFull: false,
        stalledUntilMs: 0,
        beatMs: 0,
        inbox: [],
        late: [],
        lateMs: 0,
        outbox: [],
        lookup: undefined,
        reportMs: Number.POSITIVE_INFINITY,
        reportAbove: undefined,
        page: undefined,
        noticeMs: Number.POSITIVE_INFINITY,
        seenMs: Number.NEGATIVE_INFINITY,
        seenFree: 0,
        isReported: false,
        ghosts: new Map(),
        lost: new Set(),
        admin: 'in-service',
      });
    }
    this.options = {
      staleMs: STALE_MS,
      deadMs: DEAD_MS,
      safeModeMs: SAFE_MODE_MS,
      workTimeoutMs: 5000,
      copiesPerSource: 1 + random.below(3),
      copiesPerTarget: 1 + random.below(3),
      copiesMax: 1 + random.below(8),
      balanceGap: random.chance(0.5) ? 0.0005 : 0.1,
      balanceCopies: 1 + random.below(2),
      ...(random.chance(0.3) ? { repairBytesPerSecond: 200 } : {}),
    };
    this.startNameNode();
  }

  /** The NameNode starts with an empty map; it knows who was there before, and all connections are cut. */
  startNameNode(): void {
    this.state = new ClusterState({
      ...this.options,
      random: this.random.fork(),
      startedMs: this.nowMs,
      orphansBelow: this.nextBlock,
      expectedNodes: this.nodes.map(({ id }) => id),
    });
    this.writing.clear();
    this.asked.clear();
    this.reported.clear();
    this.startedMs = this.nowMs;
    for (const node of this.nodes) {
      this.cut(node);
      node.noticeMs = Number.POSITIVE_INFINITY;
      node.seenMs = Number.NEGATIVE_INFINITY;
      node.isReported = false;
      this.state.setAdmin(node.id, node.admin);
    }
  }

  // What happens to nodes.

  crash(node: SimNode): void {
    if (!node.isUp) return;
    node.isUp = false;
    this.transfers = this.transfers.filter(({ from, to }) => from !== node && to !== node);
    this.cut(node);
  }

  /** It comes back, perhaps without some of its blocks. */
  restart(node: SimNode, losing: number): void {
    if (node.isUp) return;
    node.isUp = true;
    node.isConnected = false;
    node.inbox = [];
    node.late = [];
    for (const [block, stored] of node.disk) {
      if (!this.random.chance(losing)) continue;
      node.disk.delete(block);
      node.ghosts.set(block, stored);
      node.lost.add(block);
    }
  }

  /** The NameNode hears of it later, or never. */
  cut(node: SimNode): void {
    node.isCut = true;
    node.outbox = [];
    node.lookup = undefined;
    const hears = this.random.chance(0.7);
    node.noticeMs = hears ? this.nowMs + this.random.below(2000) : Number.POSITIVE_INFINITY;
  }

  rot(): void {
    const stored = [...this.any().disk.values()];
    if (stored.length > 0) stored[this.random.below(stored.length)]!.isRotten = true;
  }

  scrub(node: SimNode): void {
    if (!node.isUp || !node.isConnected) return;
    for (const [block, stored] of node.disk) {
      if (!stored.isRotten) continue;
      stored.isKnown = true;
      node.outbox.push({ kind: 'corrupt', block, stamp: stored.stamp });
    }
  }

  /** What could not be read can be, and the node finds out. */
  heal(node: SimNode): void {
    if (!node.isUp) return;
    for (const [block, stored] of node.disk) {
      if (!stored.isRotten || !this.random.chance(0.5)) continue;
      stored.isRotten = false;
      if (!stored.isKnown) continue;
      stored.isKnown = false;
      const { stamp, length } = stored;
      if (node.isConnected) node.outbox.push({ kind: 'whole', replica: { block, stamp, length } });
    }
  }

  report(node: SimNode): void {
    if (!node.isUp || !node.isConnected) return;
    node.reportMs = Number.POSITIVE_INFINITY;
    node.outbox.push({ kind: 'begin' });
    node.reportAbove = 0;
    node.page = undefined;
  }

  setAdmin(node: SimNode, admin: SimNode['admin']): void {
    node.admin = admin;
    this.state.setAdmin(node.id, admin);
  }

  any(): SimNode {
    return this.nodes[this.random.below(this.nodes.length)]!;
  }

  // Time.

  turn(ms: number): void {
    this.nowMs += ms;
    const { state, nowMs, random } = this;
    this.endTransfers();
    for (const node of this.nodes) {
      if (node.isUp && node.stalledUntilMs <= nowMs) this.liveOn(node);
      for (let left = this.isCalm ? 1000 : random.below(6); left > 0; left--) this.deliver(node);
      if (node.noticeMs <= nowMs) {
        node.noticeMs = Number.POSITIVE_INFINITY;
        state.disconnected(node.id, nowMs);
      }
    }
    if (random.chance(0.7) || this.isCalm) {
      this.tickedMs = nowMs;
      state.tick(nowMs);
    }
    if (random.chance(0.7) || this.isCalm) this.plan();
  }

  /** All that the NameNode does by itself; each piece of work is held against what is true. */
  plan(): void {
    const { state, nowMs } = this;
    this.tickedMs = nowMs;
    for (const work of state.plan(nowMs)) {
      checkWork(this, work);
      this.asked.add(work);
      this.tell(this.node(work.kind === 'copy' ? work.from : work.node), { kind: 'work', work });
    }
  }

  private liveOn(node: SimNode): void {
    const { random, nowMs, isCalm } = this;
    if (node.isCut && node.isConnected && (isCalm || random.chance(0.5))) {
      // It notices: what it was told on the old connection is dropped, or is done in the next seconds.
      node.isConnected = false;
      node.late = node.inbox.filter(({ kind }) => kind === 'drop' || random.chance(0.5));
      node.lateMs = nowMs + random.below(LATE_MS);
      node.inbox = [];
    }
    if (!node.isConnected && (isCalm || random.chance(0.3))) {
      node.isConnected = true;
      node.isCut = false;
      node.isReported = false;
      node.reportAbove = undefined;
      node.page = undefined;
      node.outbox = [{ kind: 'register' }];
      const isSlow = !isCalm && random.chance(0.3);
      node.reportMs = nowMs + (isSlow ? random.below(20_000) : 0);
    }
    if (!node.isConnected) return;
    if (node.reportMs <= nowMs) this.report(node);
    if (nowMs - node.beatMs >= 1000) {
      node.beatMs = nowMs;
      node.outbox.push({ kind: 'beat' });
    }
    for (let left = isCalm ? 1000 : random.below(4); left > 0 && node.inbox.length > 0; left--) {
      this.carryOut(node, node.inbox.shift()!);
    }
    if (node.lateMs <= nowMs) for (const each of node.late.splice(0)) this.carryOut(node, each);
    // What it has is read once its registration was answered.
    if (!node.outbox.some(({ kind }) => kind === 'register')) this.reportOn(node);
    if (node.isCut) node.outbox = [];
  }

  /** One page or so; it may be sent some time after it was read, and twice. */
  private reportOn(node: SimNode): void {
    const { random, isCalm } = this;
    for (let left = isCalm ? 1000 : random.below(3); left > 0; left--) {
      if (node.page !== undefined) {
        node.outbox.push(node.page);
        if (random.chance(0.1)) node.outbox.push(node.page);
        node.page = undefined;
      }
      if (node.reportAbove === undefined) return;
      const above = node.reportAbove;
      const blocks = [...node.disk.keys()].filter((block) => block > above).sort((a, b) => a - b);
      if (blocks.length === 0) {
        node.outbox.push({ kind: 'end' });
        node.reportAbove = undefined;
        if (!isCalm && random.chance(0.1)) this.report(node);
        return;
      }
      const named = blocks.slice(0, 3);
      node.page = {
        kind: 'page',
        replicas: named.map((block) => {
          const { stamp, length, isKnown } = node.disk.get(block)!;
          return { block, stamp, length, isCorrupt: isKnown };
        }),
      };
      node.reportAbove = named.at(-1)!;
    }
  }

  private carryOut(node: SimNode, command: Command): void {
    if (command.kind === 'drop') this.erase(node, command.block, command.stamp);
    else if (command.work.kind === 'delete') this.carryOutDelete(node, command.work);
    else this.send(node, command.work);
  }

  /** It may fail when it was done, when it was not, and nobody may know. */
  private carryOutDelete(node: SimNode, work: DeleteWork): void {
    const fails = !this.isCalm && this.random.chance(0.15);
    const isThere = node.disk.get(work.block)?.stamp === work.stamp;
    if (!fails || this.random.chance(0.5)) this.erase(node, work.block, work.stamp);
    if (fails) this.answer(node, work, this.random.chance(0.5) ? 'failed' : 'unknown');
    else this.answer(node, work, isThere ? 'done' : 'source-missing');
  }

  private send(node: SimNode, work: CopyWork): void {
    const { random } = this;
    const { block, stamp } = work;
    const to = this.node(work.to);
    const stored = node.disk.get(block);
    if (stored?.stamp !== stamp) this.answer(node, work, 'source-missing');
    else if (stored.isRotten) {
      stored.isKnown = true;
      this.answer(node, work, 'source-corrupt');
    } else if (!to.isUp || (!this.isCalm && random.chance(0.1))) this.answer(node, work, 'failed');
    else if (to.isFull) this.answer(node, work, 'target-full');
    else {
      const dueMs = this.nowMs + random.below(this.isCalm ? 500 : 7000);
      this.transfers.push({ from: node, to, work, dueMs });
    }
  }

  private endTransfers(): void {
    for (const transfer of this.transfers) {
      if (transfer.dueMs > this.nowMs) continue;
      const { from, to, work } = transfer;
      // What a node has under this name it does not take again.
      const isThere = to.disk.get(work.block)?.stamp === work.stamp;
      if (!isThere) this.store(to, work);
      this.answer(from, work, 'done');
    }
    this.transfers = this.transfers.filter(({ dueMs }) => dueMs > this.nowMs);
  }

  /** A few answers never come, though the connection lasts. */
  private answer(node: SimNode, work: Work, outcome: Outcome): void {
    if (!this.isCalm && this.random.chance(0.03)) return;
    // Nobody waits for answers to what another process has asked.
    if (node.isConnected && this.asked.has(work)) {
      node.outbox.push({ kind: 'answer', work, outcome });
    }
  }

  store(node: SimNode, { block, stamp, length }: Replica): void {
    node.disk.set(block, { stamp, length, isRotten: false, isKnown: false, isFound: false });
    node.ghosts.delete(block);
    if (!node.isConnected) return;
    const message: Message = { kind: 'received', replica: { block, stamp, length } };
    node.outbox.push(message);
    if (this.random.chance(0.05)) node.outbox.push(message);
  }

  private erase(node: SimNode, block: number, stamp: number): void {
    if (node.disk.get(block)?.stamp !== stamp) return;
    checkErase(this, block, stamp);
    node.disk.delete(block);
    node.outbox.push({ kind: 'removed', block, stamp });
  }

  tell(node: SimNode, command: Command): void {
    if (node.isUp && node.isConnected && !node.isCut) node.inbox.push(command);
  }

  /** The NameNode takes the next message of a node. */
  private deliver(node: SimNode): void {
    const { state, nowMs } = this;
    const message = node.outbox[0];
    if (message === undefined || node.isCut) return;
    if (message.kind === 'page' || message.kind === 'received') {
      const replicas = message.kind === 'page' ? message.replicas : [message.replica];
      if (node.lookup === undefined) {
        node.lookup = this.lookUp(state.unknown(replicas));
        // What is looked up takes time, and other things happen meanwhile.
        if (!this.isCalm && this.random.chance(0.3)) return;
      }
      const orphans =
        message.kind === 'page'
          ? state.reportPage(node.id, replicas, node.lookup)
          : state.received(node.id, message.replica, node.lookup);
      node.lookup = undefined;
      for (const { block, stamp, isCorrupt } of replicas) {
        const stored = node.disk.get(block);
        if (stored?.stamp !== stamp) continue;
        if (isCorrupt && stored.isKnown && this.names.has(block)) stored.isFound = true;
        // Found before it registered, and read whole since, unheard.
        if (isCorrupt === false && !stored.isKnown && !node.isReported) stored.isFound = false;
      }
      checkOrphans(this, orphans);
      for (const { block, stamp } of orphans) this.tell(node, { kind: 'drop', block, stamp });
    } else if (message.kind === 'register') {
      node.noticeMs = Number.POSITIVE_INFINITY;
      node.ghosts.clear();
      const known = state.status(nowMs, 0).nodes.find(({ id }) => id === node.id);
      // What was known of it has been dropped.
      const isDropped = known?.state === 'dead' && known.admin !== 'in-maintenance';
      if (known === undefined || isDropped) {
        forgetRot(node);
        node.lost.clear();
      }
      this.seen(node);
      const { id, rack } = node;
      state.register({ id, address: `${id}:1`, rack, disks: disksOf(node) }, nowMs);
    } else if (message.kind === 'beat') {
      if (!state.heartbeat(node.id, { disks: disksOf(node), transfers: 0 }, nowMs)) this.cut(node);
      else this.seen(node);
      if (state.mustReport(node.id)) this.report(node);
    } else if (message.kind === 'begin') state.beginReport(node.id);
    else if (message.kind === 'end') {
      state.endReport(node.id);
      node.isReported = true;
      node.lost.clear();
      this.reported.add(node);
    } else if (message.kind === 'whole') {
      const { block, stamp } = message.replica;
      const stored = node.disk.get(block);
      if (stored?.stamp === stamp && !stored.isKnown) stored.isFound = false;
      state.whole(node.id, message.replica);
    } else if (message.kind === 'removed') state.removed(node.id, message.block, message.stamp);
    else if (message.kind === 'corrupt') {
      const stored = node.disk.get(message.block);
      // Of a block without a name nobody remembers it; it is found again.
      const isKnown = !this.writing.has(message.block);
      if (isKnown && stored?.stamp === message.stamp && stored.isRotten) stored.isFound = true;
      state.corrupt(node.id, message.block, message.stamp);
    } else {
      const stored = node.disk.get(message.work.block);
      if (message.outcome === 'source-corrupt' && stored !== undefined) stored.isFound = true;
      state.done(message.work, message.outcome, nowMs);
    }
    node.outbox.shift();
  }

  private seen(node: SimNode): void {
    node.seenMs = this.nowMs;
    node.seenFree = disksOf(node)[0]!.freeBytes;
  }

  private lookUp(blocks: readonly number[]): Lookup {
    const found = new Map<number, Wanted | 'held'>();
    for (const block of blocks) {
      const named = this.names.get(block);
      if (named !== undefined) found.set(block, named);
      else if (this.writing.has(block)) found.set(block, 'held');
    }
    return (block) => found.get(block);
  }

  /** Something may be unknown only because nobody has told it yet. */
  get isTooEarly(): boolean {
    return this.nowMs < this.startedMs + SAFE_MODE_MS && this.reported.size < this.nodes.length;
  }

  node(id: string): SimNode {
    return this.nodes.find((node) => node.id === id)!;
  }
}

function forgetRot(node: SimNode): void {
  for (const stored of node.disk.values()) stored.isFound = false;
}

function disksOf(node: SimNode): readonly DiskFacts[] {
  let used = 0;
  for (const { length } of node.disk.values()) used += length;
  const freeBytes = node.isFull ? 0 : CAPACITY - used;
  return [{ id: 'd', state: node.isFull ? 'full' : 'open', totalBytes: CAPACITY, freeBytes }];
}
