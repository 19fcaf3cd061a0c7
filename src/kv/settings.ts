/**
 * Settings that change while the store runs, under the names Redis users know (CONFIG GET, CONFIG
 * SET). Code reads the fields of `Settings`; the table in setting-table/ says how each is named, parsed
 * and printed. Defaults are Redis 7.2's unless a comment says why not.
 */

import { defaultOutputLimits, type OutputLimits } from './session/output-limits.ts';

export interface Settings {
  hashMaxListpackEntries: number;
  hashMaxListpackValue: number;
  setMaxIntsetEntries: number;
  setMaxListpackEntries: number;
  setMaxListpackValue: number;
  zsetMaxListpackEntries: number;
  zsetMaxListpackValue: number;
  listMaxListpackSize: number;
  listCompressDepth: number;
  streamNodeMaxBytes: number;
  streamNodeMaxEntries: number;
  hllSparseMaxBytes: number;
  protoMaxBulkLen: number;
  maxmemory: number;
  maxmemoryPolicy: string;
  /** Bytes of keys in memory above which the least used are on the disk only; 0: no limit. */
  tierMemory: number;
  maxmemorySamples: number;
  lfuLogFactor: number;
  lfuDecayTime: number;
  notifyKeyspaceEvents: number;
  slowlogLogSlowerThan: number;
  slowlogMaxLen: number;
  latencyMonitorThreshold: number;
  busyReplyThreshold: number;
  /** Bytes that one run of a script may hold. */
  scriptMemoryMax: number;
  timeout: number;
  /** Seconds of silence after which a connection is probed; 0: never. */
  tcpKeepalive: number;
  /** Bytes that clients may hold together; negative: percent of `maxmemory`; 0: no limit. */
  maxmemoryClients: number;
  maxclients: number;
  activeExpireEffort: number;
  lazyfreeLazyUserDel: boolean;
  lazyfreeLazyUserFlush: boolean;
  trackingTableMaxKeys: number;
  aclPubsubDefault: string;
  acllogMaxLen: number;
  protectedMode: boolean;
  /** Unsent output at which a client is disconnected, by its class. */
  clientOutputBufferLimits: OutputLimits;
  /** Bytes of one client's requests that are not run yet. */
  clientQueryBufferLimit: number;
  appendfsync: 'always' | 'everysec' | 'no';
  latencyTracking: boolean;
  latencyTrackingInfoPercentiles: readonly number[];
  // What plinth.yaml decided, for CONFIG GET and INFO.
  bind: string;
  port: number;
  unixsocket: string;
  tlsPort: number;
  tlsCertFile: string;
  tlsKeyFile: string;
  tlsCaCertFile: string;
  tlsAuthClients: string;
  aclfile: string;
  dir: string;
}

export function defaultSettings(): Settings {
  return {
    hashMaxListpackEntries: 512,
    hashMaxListpackValue: 64,
    setMaxIntsetEntries: 512,
    setMaxListpackEntries: 128,
    setMaxListpackValue: 64,
    zsetMaxListpackEntries: 128,
    zsetMaxListpackValue: 64,
    listMaxListpackSize: -2,
    listCompressDepth: 0,
    streamNodeMaxBytes: 4096,
    streamNodeMaxEntries: 100,
    hllSparseMaxBytes: 3000,
    protoMaxBulkLen: 512 * 1024 * 1024,
    maxmemory: 0,
    maxmemoryPolicy: 'noeviction',
    tierMemory: 0,
    maxmemorySamples: 5,
    lfuLogFactor: 10,
    lfuDecayTime: 1,
    notifyKeyspaceEvents: 0,
    slowlogLogSlowerThan: 10_000,
    slowlogMaxLen: 128,
    latencyMonitorThreshold: 0,
    busyReplyThreshold: 5000,
    scriptMemoryMax: 256 * 1024 * 1024,
    timeout: 0,
    tcpKeepalive: 300,
    maxmemoryClients: 0,
    maxclients: 10_000,
    activeExpireEffort: 1,
    lazyfreeLazyUserDel: false,
    lazyfreeLazyUserFlush: false,
    trackingTableMaxKeys: 1_000_000,
    aclPubsubDefault: 'resetchannels',
    acllogMaxLen: 128,
    protectedMode: true,
    clientOutputBufferLimits: defaultOutputLimits(),
    clientQueryBufferLimit: 1024 * 1024 * 1024,
    appendfsync: 'everysec',
    latencyTracking: true,
    latencyTrackingInfoPercentiles: [50, 99, 99.9],
    bind: '127.0.0.1',
    port: 0,
    unixsocket: '',
    tlsPort: 0,
    tlsCertFile: '',
    tlsKeyFile: '',
    tlsCaCertFile: '',
    tlsAuthClients: 'no',
    aclfile: '',
    dir: '',
  };
}
