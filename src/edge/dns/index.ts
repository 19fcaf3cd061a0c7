/** The name server of the network. */
export { type DnsSettings, dnsConflicts, dnsFields, type ZoneSettings } from './dns-fields.ts';
export type { Explanation } from './explain.ts';
export { type DnsObserved, dnsMetrics, dnsMetricTable } from './metrics.ts';
export { DnsNameError, DnsServer, type DnsWorld } from './server.ts';
