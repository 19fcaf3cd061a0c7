/** The seams through which time, chance, disk, network, threads and processes enter. `node/` is real, `sim/` hostile. */
export type { Clock, Timer } from './clock.ts';
export type { DatagramOptions, DatagramSocket } from './datagram.ts';
export { DialError, type DialErrorCode, dialErrorTable } from './dial-error.ts';
export type {
  Disk,
  DiskCallback,
  DiskFile,
  DiskLock,
  FileStat,
  LockRefused,
  OpenOptions,
} from './disk.ts';
export { errorCode } from './disk.ts';
export {
  connected,
  type DialEvents,
  type Dialling,
  type DialOptions,
  type Network,
} from './network.ts';
export type { Random } from './random.ts';
export type {
  AddressFamily,
  AddressRecord,
  Names,
  Resolved,
  ResolveProblem,
  Resolver,
  ResolverOptions,
  ServiceRecord,
} from './resolver.ts';
export { resolveProblemTable } from './resolver.ts';
export type { Child, ChildExit, Spawn, SpawnOptions } from './spawn.ts';
export type {
  Thread,
  ThreadEvents,
  ThreadModule,
  Threads,
  ThreadWorld,
} from './threads.ts';
export type {
  PeerCertificate,
  TlsCertificate,
  TlsClient,
  TlsClientOptions,
  TlsOptions,
  TlsVersion,
} from './tls.ts';
export type {
  ByteStream,
  ListenAddress,
  ListenErrorCode,
  Preface,
  StreamEvents,
  Transport,
  TransportListener,
  TransportListenOptions,
  TransportTier,
} from './transport.ts';
export { ListenError, listenErrorTable } from './transport.ts';
