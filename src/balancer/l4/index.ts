/** Layer 4: streams and datagrams joined with servers, without looking inside but for a PROXY header and SNI. */
export type {
  Backends,
  JoinedSession,
  SessionFacts,
  SessionReport,
  SessionTable,
  Target,
} from './backends.ts';
export {
  type DatagramDrop,
  datagramDrops,
  datagramDropTable,
  type SessionEnding,
  sessionEndings,
  sessionEndingTable,
} from './endings.ts';
export { type NameRow, ServerNames } from './server-names.ts';
export {
  StreamProxy,
  type StreamRoute,
  type StreamSettings,
  type StreamStats,
  type StreamWorld,
} from './stream-proxy.ts';
export {
  openUdpProxy,
  type UdpProxy,
  type UdpSettings,
  type UdpStats,
  type UdpWorld,
} from './udp-proxy.ts';
