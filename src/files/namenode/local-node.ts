/** The disks of the NameNode's own process as a node of the cluster: it registers, beats and reports without a connection. */
import type { BlockStore } from '../blocks/block-store.ts';
import type { Cluster, DiskFacts, Lookup, Replica } from '../cluster/index.ts';

const PAGE = 2048;
const REPORT_MS = 3_600_000;
/** After one that failed. */
const RETRY_MS = 10_000;

export interface LocalNodeOptions {
  readonly id: string;
  readonly rack: string;
  /** `host:port`, for those who are told where blocks are. */
  readonly address: string;
  readonly store: BlockStore;
  readonly cluster: Cluster;
  lookup(blocks: readonly number[]): Promise<Lookup>;
  onOrphans(node: string, replicas: readonly Replica[]): void;
  /** It could not tell of all: the next report does. */
  onError(error: unknown): void;
}

export class LocalNode {
  private readonly options: LocalNodeOptions;
  private stopped = false;
  private reporting: Promise<void> | undefined;
  private reportMs = Number.POSITIVE_INFINITY;

  constructor(options: LocalNodeOptions) {
    this.options = options;
  }

  private get disks(): readonly DiskFacts[] {
    return this.options.store.status.map(({ id, state, freeBytes, totalBytes }) => {
      return { id, state, freeBytes, totalBytes };
    });
  }

  register(nowMs: number): void {
    const { id, address, rack, cluster } = this.options;
    cluster.register({ id, address, rack, disks: this.disks }, nowMs);
  }

  beat(nowMs: number): void {
    const { id, cluster } = this.options;
    if (!cluster.heartbeat(id, { disks: this.disks, transfers: 0 }, nowMs)) {
      this.register(nowMs);
      this.report(nowMs);
    } else if (nowMs >= this.reportMs || cluster.mustReport(id)) this.report(nowMs);
  }

  /** Tells of all blocks, unless it is doing so. */
  report(nowMs: number): void {
    this.reportMs = nowMs + REPORT_MS;
    this.reporting ??= this.reportNow()
      .catch((error: unknown) => {
        this.reportMs = nowMs + RETRY_MS;
        this.options.onError(error);
      })
      .finally(() => {
        this.reporting = undefined;
      });
  }

  private async reportNow(): Promise<void> {
    const { id, store, cluster, lookup, onOrphans } = this.options;
    await store.swept();
    cluster.beginReport(id);
    for (let above = 0; !this.stopped; ) {
      const page: Replica[] = [];
      await store.each(above, ({ block, stamp, length, isDamaged = false }) => {
        return page.push({ block, stamp, length, isCorrupt: isDamaged }) < PAGE;
      });
      const found = await lookup(cluster.unknown(page));
      const orphans = cluster.reportPage(id, page, found);
      if (orphans.length > 0) onOrphans(id, orphans);
      above = page[page.length - 1]?.block ?? 0;
      if (page.length < PAGE) break;
    }
    if (!this.stopped) cluster.endReport(id);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.reporting;
  }
}
