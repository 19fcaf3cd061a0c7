/** What purges over the network tell Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';
import type { EndingCounts } from '../bus/index.ts';
import type { MemberCounts } from './member-driver.ts';
import type { PurgesShown } from './shown.ts';

/** What metrics read. */
export interface PurgesObserved {
  shown(): PurgesShown;
  /** Undefined before the start. */
  counts(): MemberCounts | undefined;
  /** Undefined: this PoP is not the coordinator. */
  receipts(): { readonly receipts: number; readonly cutOffs: number } | undefined;
  readonly endings: EndingCounts;
}

/** All metrics there are, for documentation. */
export function purgeBusMetricTable(): readonly MetricSpec[] {
  const position = null;
  const shown = { pop: '', coordinator: '', joined: false, inDoubt: false, position, waiting: 0 };
  return purgeBusMetrics({
    shown: () => shown,
    counts: () => undefined,
    receipts: () => undefined,
    endings: new Map(),
  });
}

export function purgeBusMetrics(purges: PurgesObserved): readonly MetricSpec[] {
  const ofCounts = (
    name: string,
    help: string,
    value: (counts: MemberCounts) => number,
  ): MetricSpec => ({
    name: `plinth_edge_${name}_total`,
    help,
    type: 'counter',
    collect(emit) {
      const counts = purges.counts();
      if (counts !== undefined) emit(value(counts));
    },
  });
  const gauge = (
    name: string,
    help: string,
    value: (shown: PurgesShown) => number | undefined,
  ): MetricSpec => ({
    name: `plinth_edge_${name}`,
    help,
    type: 'gauge',
    collect(emit) {
      const now = value(purges.shown());
      if (now !== undefined) emit(now);
    },
  });
  return [
    ofCounts('purges_applied', 'Purges of the network carried out here.', (it) => it.applied),
    ofCounts('purges_asked', 'Purges of the network asked for here.', (it) => it.asked),
    ofCounts(
      'purges_unanswered',
      'Purges asked for here that were refused or got no receipt.',
      (it) => it.refused,
    ),
    ofCounts(
      'purge_resets',
      'How often everything was forgotten since missed purges were not known any more.',
      (it) => it.resets,
    ),
    ofCounts(
      'doubts',
      'How often the coordinator was not heard for a lease, and what is stored was validated.',
      (it) => it.doubts,
    ),
    gauge('in_doubt', '1: what is stored is validated for each request.', (it) =>
      it.inDoubt ? 1 : 0,
    ),
    gauge(
      'purge_position',
      'Sequence of the last purge carried out here.',
      (it) => it.position?.sequence,
    ),
    gauge('purge_order', 'Sequence of the last purge ordered here.', (it) => it.order?.sequence),
    gauge(
      'purges_pending',
      'Purges ordered here without a receipt so far.',
      (it) => it.order?.pending,
    ),
    {
      name: 'plinth_edge_pop_behind',
      help: 'Purges that a PoP has not confirmed, as the coordinator sees it.',
      type: 'gauge',
      labels: ['pop'],
      collect(emit) {
        for (const { pop, behind } of purges.shown().order?.pops ?? []) {
          if (behind !== null) emit(behind, pop);
        }
      },
    },
    {
      name: 'plinth_edge_pop_cut_off',
      help: '1: the lease of the PoP is over, receipts do not wait for it.',
      type: 'gauge',
      labels: ['pop'],
      collect(emit) {
        for (const { pop, cutOff } of purges.shown().order?.pops ?? []) emit(cutOff ? 1 : 0, pop);
      },
    },
    {
      name: 'plinth_edge_purge_receipts_total',
      help: 'Receipts given by this coordinator, by whether all PoPs have confirmed.',
      type: 'counter',
      labels: ['state'],
      collect(emit) {
        const given = purges.receipts();
        if (given === undefined) return;
        emit(given.receipts - given.cutOffs, 'confirmed');
        emit(given.cutOffs, 'cut-off');
      },
    },
    {
      name: 'plinth_edge_bus_links_ended_total',
      help: 'Links with other PoPs that ended, by reason.',
      type: 'counter',
      labels: ['reason'],
      collect(emit) {
        for (const [reason, count] of purges.endings) emit(count, reason);
      },
    },
  ];
}
