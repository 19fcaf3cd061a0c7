/** What the name server tells Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';
import { DnsCounts } from './counts.ts';

/** What metrics read. */
export interface DnsObserved {
  readonly counts: DnsCounts;
  readonly tcpConnections: number;
}

/** All metrics there are, for documentation. */
export function dnsMetricTable(): readonly MetricSpec[] {
  return dnsMetrics({ counts: new DnsCounts(), tcpConnections: 0 });
}

export function dnsMetrics(server: DnsObserved): readonly MetricSpec[] {
  const { counts } = server;
  const total = (name: string, help: string, value: () => number): MetricSpec => ({
    name: `plinth_edge_dns_${name}_total`,
    help,
    type: 'counter',
    collect: (emit) => emit(value()),
  });
  return [
    {
      name: 'plinth_edge_dns_queries_total',
      help: 'Queries by how they came.',
      type: 'counter',
      labels: ['transport'],
      collect(emit) {
        emit(counts.queries.udp, 'udp');
        emit(counts.queries.tcp, 'tcp');
      },
    },
    {
      name: 'plinth_edge_dns_questions_total',
      help: 'Questions by the type of records asked for.',
      type: 'counter',
      labels: ['type'],
      collect(emit) {
        for (const [type, count] of counts.byType()) emit(count, type);
      },
    },
    {
      name: 'plinth_edge_dns_answers_total',
      help: 'Answers sent by their code.',
      type: 'counter',
      labels: ['rcode'],
      collect(emit) {
        for (const [rcode, count] of counts.byRcode()) emit(count, rcode);
      },
    },
    {
      name: 'plinth_edge_dns_limited_total',
      help: 'Answers that the limit of rates kept back or cut.',
      type: 'counter',
      labels: ['how'],
      collect(emit) {
        emit(counts.limitedDropped, 'dropped');
        emit(counts.limitedCut, 'cut');
      },
    },
    total('ignored', 'Messages that are no queries.', () => counts.ignored),
    total('truncated', 'Answers cut because they are too long for UDP.', () => counts.truncated),
    total('cookies', 'Queries with a cookie that this network gave.', () => counts.cookies),
    total(
      'subnets',
      'Steered answers decided by the subnet that a resolver told.',
      () => counts.subnets,
    ),
    total('built', 'Answers made anew rather than found ready.', () => counts.built),
    total(
      'tcp_refused',
      'TCP connections refused, one address having too many.',
      () => counts.tcpRefused,
    ),
    total('send_failed', 'Answers that the system could not send.', () => counts.sendFailed),
    {
      name: 'plinth_edge_dns_tcp_connections',
      help: 'Open TCP connections.',
      type: 'gauge',
      collect: (emit) => emit(server.tcpConnections),
    },
  ];
}
