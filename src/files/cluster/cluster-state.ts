/**
 * The state of several DataNodes: what happened comes in, work comes out. The rules stand in the parts; here they
 * are put together.
 *
 *     register, heartbeat, disconnected, setAdmin ──▶ node-table ──changed──▶ all blocks judged anew ─┐
 *     reportPage, received, removed, corrupt ──▶ reports ─▶ holdings ─▶ block-map, unfit ──judged──▶ agenda
 *     expect, forget ─────────────────────────────────────────┘                                       │
 *     plan ◀── works, ledger ◀── repair-planner, trim-planner, balance-planner ◀── throttle ◀─────────┘
 */
import { Agenda } from './agenda.ts';
import { BalancePlanner } from './balance-planner.ts';
import { BlockMap, REPLICATION_MAX } from './block-map.ts';
import type { Cluster } from './cluster.ts';
import { DrainWatch } from './drain-watch.ts';
import type {
  Admin,
  Holder,
  Located,
  Lookup,
  NodeBeat,
  NodeFacts,
  Place,
  Replica,
  TargetRequest,
  Targets,
  Wanted,
} from './facts.ts';
import { Holdings } from './holdings.ts';
import { Ledger } from './ledger.ts';
import { Judge } from './need.ts';
import { type ClusterNode, NodeTable, Standing } from './node-table.ts';
import { type ClusterOptions, type Settled, settle } from './options.ts';
import { Placement } from './placement.ts';
import { readOrder } from './read-order.ts';
import { RepairPlanner } from './repair-planner.ts';
import { Reports } from './reports.ts';
import { SafeMode } from './safe-mode.ts';
import type { ClusterStatus } from './status.ts';
import { countsOf, nodeStatusOf } from './status-of.ts';
import { Throttle } from './throttle.ts';
import { TrimPlanner } from './trim-planner.ts';
import { UnfitReplicas } from './unfit.ts';
import type { CopyWork, Outcome, Work } from './work.ts';
import { Works } from './works.ts';

/** A node that said that it is full gets no copies for so long. */
const FULL_MS = 10_000;

export class ClusterState implements Cluster {
  private readonly options: Settled;
  private readonly map = new BlockMap();
  private readonly unfit = new UnfitReplicas();
  private readonly nodes = new NodeTable();
  private readonly ledger: Ledger;
  private readonly works: Works;
  private readonly throttle: Throttle;
  private readonly agenda: Agenda;
  private readonly holdings: Holdings;
  private readonly reports: Reports;
  private readonly placement: Placement;
  private readonly safeMode: SafeMode;
  private readonly drains: DrainWatch;
  private readonly repairs: RepairPlanner;
  private readonly trims: TrimPlanner;
  private readonly balance: BalancePlanner;
  private judgedVersion = 0;
  /** The latest time that was told. */
  private nowMs: number;

  constructor(options: ClusterOptions) {
    const settled = settle(options);
    this.options = settled;
    this.nowMs = settled.startedMs;
    const { map, unfit, nodes } = this;
    this.throttle = new Throttle(settled);
    this.ledger = new Ledger(settled.ledgerEntries);
    const { throttle, ledger } = this;
    this.works = new Works({ map, throttle, ledger, options: settled });
    const judge = new Judge({ map, unfit, nodes }, settled.maintenanceReplicas);
    this.agenda = new Agenda(map, judge, (row) => this.works.copiesOf(row).length);
    this.holdings = new Holdings({ map, unfit, nodes }, settled.workTimeoutMs);
    const { holdings, agenda, works } = this;
    const onWhole = (row: number, node: ClusterNode): void => this.landed(row, node);
    this.reports = new Reports({ map, holdings, agenda, onWhole }, settled.orphansBelow);
    this.placement = new Placement(nodes, settled.random);
    this.safeMode = new SafeMode(settled.expectedNodes, settled.startedMs + settled.safeModeMs);
    this.drains = new DrainWatch({ map, nodes, judge }, settled.maintenanceReplicas);
    const parts = { map, unfit, nodes, agenda, works, throttle, placement: this.placement };
    const quietMs = settled.workTimeoutMs + settled.staleMs;
    this.trims = new TrimPlanner(parts, holdings, judge, quietMs);
    this.repairs = new RepairPlanner(parts, this.trims);
    this.balance = new BalancePlanner(parts, judge, settled.balanceGap);
  }

  get isSafeMode(): boolean {
    return !this.safeMode.isOver;
  }

  /** Memory of the block map. */
  get bytes(): number {
    return this.map.bytes;
  }

  register(facts: NodeFacts, nowMs: number): boolean {
    const node = this.nodes.register(facts, nowMs);
    if (node === undefined) return false;
    this.endOrders(node, nowMs, true);
    this.holdings.fade(node, nowMs);
    this.review();
    return true;
  }

  heartbeat(id: string, beat: NodeBeat, nowMs: number): boolean {
    const node = this.nodes.get(id);
    if (node === undefined || node.state === 'dead' || !node.isConnected) return false;
    this.nodes.beat(node, beat, nowMs);
    return true;
  }

  disconnected(id: string, nowMs: number): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.isConnected = false;
    if (node.state === 'live') this.nodes.setState(node, 'stale');
    this.endOrders(node, nowMs);
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    const { staleMs, deadMs } = this.options;
    for (const node of this.nodes.all()) {
      const silentMs = nowMs - node.beatMs;
      if (node.state !== 'dead' && silentMs >= deadMs) this.dies(node, nowMs);
      else if (node.state === 'live' && silentMs >= staleMs) this.nodes.setState(node, 'stale');
      if (nowMs >= node.maintenanceUntilMs) this.setAdmin(node.id, 'in-service');
    }
    for (const { work, row } of this.works.which(({ dueMs }) => dueMs <= nowMs)) {
      this.giveUp(work, row, nowMs);
    }
    for (const row of this.holdings.faded(nowMs)) this.agenda.touch(row);
    if (this.safeMode.ends(nowMs)) this.wake();
    this.drains.tick(nowMs);
    this.review();
    this.agenda.tick(nowMs);
  }

  setAdmin(id: string, admin: Admin, untilMs = Number.POSITIVE_INFINITY): void {
    this.nodes.wish(id, admin, untilMs);
    const node = this.nodes.get(id);
    if (node !== undefined && this.nodes.standing[node.index] === Standing.none) {
      this.dropNode(node);
    }
    this.review();
  }

  forgetNode(id: string): boolean {
    const node = this.nodes.get(id);
    if (node === undefined || node.state !== 'dead') return false;
    this.dropNode(node, true);
    this.nodes.remove(node);
    this.safeMode.reported(id);
    this.review();
    return true;
  }

  address(id: string): string | undefined {
    return this.nodes.get(id)?.address;
  }

  beginReport(id: string): void {
    const node = this.reachable(id);
    if (node !== undefined) this.reports.begin(node);
  }

  mustReport(id: string): boolean {
    const node = this.reachable(id);
    return (
      node !== undefined &&
      !this.isSafeMode &&
      node.hasNameless &&
      node.isReported &&
      node.report === undefined
    );
  }

  unknown(replicas: readonly Replica[]): readonly number[] {
    return this.reports.unknown(replicas);
  }

  reportPage(id: string, replicas: readonly Replica[], lookup: Lookup): readonly Replica[] {
    const node = this.reachable(id);
    return node === undefined ? [] : this.reports.page(node, replicas, lookup);
  }

  endReport(id: string): void {
    const node = this.reachable(id);
    if (node === undefined || node.report === undefined) return;
    this.reports.end(node);
    this.safeMode.reported(id);
  }

  received(id: string, replica: Replica, lookup: Lookup): readonly Replica[] {
    const node = this.reachable(id);
    return node === undefined ? [] : this.reports.received(node, replica, lookup);
  }

  removed(id: string, block: number, stamp: number): void {
    const node = this.reachable(id);
    if (node !== undefined) this.reports.removed(node, block, stamp);
  }

  corrupt(id: string, block: number, stamp: number): void {
    const node = this.reachable(id);
    if (node !== undefined) this.reports.corrupt(node, block, stamp);
  }

  whole(id: string, replica: Replica): void {
    const node = this.reachable(id);
    if (node !== undefined) this.reports.whole(node, replica);
  }

  expect(block: Wanted, holders: readonly string[] = []): void {
    const wanted = { ...block, replication: Math.min(block.replication, REPLICATION_MAX) };
    let row = this.map.find(block.block);
    if (row === -1) row = this.reports.know(wanted);
    else if (this.holdings.isOther(row, wanted)) {
      this.agenda.leaves(row);
      this.holdings.want(row, wanted);
      this.agenda.added();
    }
    for (const id of holders) {
      const node = this.reachable(id);
      if (node !== undefined) this.holdings.has(row, node, block);
    }
    this.agenda.touch(row);
  }

  forget(block: number): readonly Holder[] {
    this.reports.forget(block);
    const row = this.map.find(block);
    if (row === -1) return [];
    const stamp = this.map.stamp(row);
    const holders: Holder[] = this.map
      .nodes(row, [])
      .map((node) => ({ node: this.nodes.at(node).id, stamp }));
    for (const { node, kind, stamp: other } of this.unfit.of(row)) {
      if (kind !== 'gone') holders.push({ node: this.nodes.at(node).id, stamp: other });
    }
    this.works.endRow(row, this.nowMs);
    this.agenda.leaves(row);
    this.holdings.dropRow(row);
    this.map.remove(row);
    return holders;
  }

  setOrphansBelow(block: number): void {
    this.reports.orphansBelow = block;
  }

  targets(request: TargetRequest): Targets {
    return this.placement.targets(request);
  }

  replicas(block: number, stamp: number, reader: Place = {}): readonly string[] {
    const row = this.map.find(block);
    if (row === -1 || this.map.stamp(row) !== stamp) return [];
    const holders = this.map.nodes(row, []).map((node) => this.nodes.at(node));
    return readOrder(holders, reader, this.nodes, this.options.random);
  }

  located(
    block: number,
    stamp: number,
  ): { readonly nodes: readonly Located[]; readonly corrupt: boolean } {
    const nodes = this.replicas(block, stamp).map((id) => {
      const { address, rack } = this.nodes.get(id)!;
      return { node: id, address, rack };
    });
    const row = nodes.length > 0 ? -1 : this.map.find(block);
    const corrupt = row !== -1 && this.unfit.of(row).some(({ kind }) => kind === 'corrupt');
    return { nodes, corrupt };
  }

  plan(nowMs: number): readonly Work[] {
    this.tick(nowMs);
    if (this.isSafeMode) return [];
    this.throttle.refill(nowMs);
    const plan: Work[] = [];
    this.repairs.plan(nowMs, plan);
    this.trims.plan(nowMs, plan);
    if (!this.throttle.isRepairing) this.balance.plan(nowMs, plan);
    return plan;
  }

  done(work: Work, outcome: Outcome, nowMs: number): void {
    if (work.kind === 'copy') {
      this.copied(work, outcome, nowMs);
      return;
    }
    this.works.end(work.id, outcome, nowMs);
    const isDeleted = outcome === 'done' || outcome === 'source-missing';
    // Of an order that was given up the answer counts too.
    const row = this.map.find(work.block);
    const node = this.nodes.get(work.node);
    if (row === -1 || node === undefined) return;
    if (isDeleted) {
      this.holdings.deleted(row, node, work.id);
      node.report?.set(work.block, { what: 'removed', stamp: work.stamp });
    } else {
      this.holdings.doubt(row, node, work.id, nowMs);
      this.agenda.rest(row, nowMs);
    }
    this.agenda.touch(row);
  }

  status(nowMs: number, ledgerMax = 100): ClusterStatus {
    const { agenda, ledger, works } = this;
    const { lackingCopies, lackingBytes } = agenda;
    const open = works.entries(ledgerMax);
    const msToFullRedundancy = ledger.estimateMs(lackingCopies, lackingBytes);
    return {
      safeMode: this.isSafeMode,
      awaited: this.safeMode.nodes,
      nodes: [...this.nodes.all()].map((node) => nodeStatusOf(node, nowMs)),
      counts: countsOf(agenda.counts, this.map.count),
      corruptReplicas: this.unfit.count,
      lackingCopies,
      lackingBytes,
      stuck: agenda.parked,
      unjudged: agenda.unjudged,
      ...(msToFullRedundancy === undefined ? {} : { msToFullRedundancy }),
      totals: ledger.totals(works.count),
      ledger: [...open, ...ledger.newest(ledgerMax - open.length)],
    };
  }

  /**
   * What its source says of a copy. When the target has said meanwhile that it has it, or has registered anew, the work
   * has ended and this is old: it may have lost it since.
   */
  private copied(work: CopyWork, outcome: Outcome, nowMs: number): void {
    const { id, from, block, stamp } = work;
    if (outcome === 'source-missing') this.removed(from, block, stamp);
    if (outcome === 'source-corrupt') this.corrupt(from, block, stamp);
    const open = this.works.end(id, outcome, nowMs);
    if (open === undefined) return;
    if (outcome === 'done') {
      this.holdings.has(open.row, open.target!, { block, stamp, length: work.length });
      this.copyEnded(open.row, open.target!);
      return;
    }
    if (outcome === 'target-full') open.target!.fullUntilMs = nowMs + FULL_MS;
    this.agenda.rest(open.row, nowMs);
    this.agenda.touch(open.row);
  }

  /** A copy to the node may have been under way. */
  private landed(row: number, node: ClusterNode): void {
    for (const { work, target } of this.works.copiesOf(row)) {
      if (target !== node) continue;
      this.works.end(work.id, 'done', this.nowMs);
      this.copyEnded(row, node);
    }
  }

  private copyEnded(row: number, target: ClusterNode): void {
    target.settledBytes += this.map.length(row);
    this.agenda.forgive(row);
    this.agenda.touch(row);
  }

  private giveUp(work: Work, row: number, nowMs: number): void {
    this.works.end(work.id, 'timed-out', nowMs);
    const node = work.kind === 'delete' ? this.nodes.get(work.node) : undefined;
    if (node !== undefined) {
      this.holdings.doubt(row, node, work.id, nowMs);
    }
    this.agenda.rest(row, nowMs);
    this.agenda.touch(row);
  }

  /** What the node was told is not answered any more; with `to` copies to it are given up as well. */
  private endOrders(node: ClusterNode, nowMs: number, to = false): void {
    for (const { work, row } of this.works.which(
      ({ actor, target }) => actor === node || (to && target === node),
    )) {
      this.works.end(work.id, 'node-lost', nowMs);
      this.agenda.touch(row);
    }
  }

  private dies(node: ClusterNode, nowMs: number): void {
    this.nodes.setState(node, 'dead');
    node.isConnected = false;
    this.endOrders(node, nowMs, true);
    if (this.nodes.standing[node.index] === Standing.none) this.dropNode(node);
  }

  private dropNode(node: ClusterNode, isForgotten = false): void {
    node.isReported = false;
    node.damaged.clear();
    node.report = undefined;
    node.isMixed = false;
    this.holdings.dropNode(node, isForgotten);
    this.agenda.reviewAll();
  }

  /** A node that may say what it has. */
  private reachable(id: string): ClusterNode | undefined {
    const node = this.nodes.get(id);
    return node === undefined || node.state === 'dead' ? undefined : node;
  }

  private wake(): void {
    this.agenda.isAsleep = false;
    this.reports.isSafeMode = false;
    this.agenda.reviewAll();
  }

  /** Nodes count in another way than when blocks were judged. */
  private review(): void {
    if (this.judgedVersion === this.nodes.version) return;
    this.judgedVersion = this.nodes.version;
    this.agenda.reviewAll();
  }
}
