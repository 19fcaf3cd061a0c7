/** The seams through which time, chance, disk, network, threads and processes enter. `node/` is real, `sim/` hostile. */
export type { Clock, Timer } from './clock.ts';
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
export type { DialOptions, Network } from './network.ts';
export type { Random } from './random.ts';
export type { Child, ChildExit, Spawn, SpawnOptions } from './spawn.ts';
export type {
  Thread,
  ThreadEvents,
  ThreadModule,
  Threads,
  ThreadWorld,
} from './threads.ts';
export type {
  ByteStream,
  ListenAddress,
  ListenErrorCode,
  PeerCertificate,
  StreamEvents,
  TlsOptions,
  Transport,
  TransportListener,
  TransportListenOptions,
  TransportTier,
} from './transport.ts';
export { ListenError, listenErrorTable } from './transport.ts';
