/** The door of the bus: authenticated links between PoPs, and messages by kind. */
export { BusDialler, type BusDiallerOptions } from './bus-dialler.ts';
export { type BusTlsSettings, busTlsConflicts, busTlsFields } from './bus-fields.ts';
export { BusServer, type BusServerOptions } from './bus-server.ts';
export { type BusTls, busTlsOf } from './bus-tls.ts';
export { type Ending, type EndingCounts, endingTable } from './endings.ts';
export { type BusLink, type MessageKind, Subscriptions } from './kinds.ts';
export { LINE_BYTES_MAX } from './limits.ts';
export { LocalLink } from './local-link.ts';
