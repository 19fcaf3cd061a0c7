/**
 * The store as a library: in a test or an application, without configuration file or command line.
 *
 *     const kv = await startKv();
 *     const client = new Redis(kv.port);
 *     await kv.stop();
 */
import { defaultsOf } from '../core/config/index.ts';
import { createMetrics, silentLogger } from '../core/observe/index.ts';
import { createNodeClock, createNodeDisk, createNodeRandom } from '../core/runtime/node/index.ts';
import { openDataFolder } from '../core/store/index.ts';
import { kvConfig } from './config/config.ts';
import { Kv, type KvSettings } from './system.ts';

export interface StartKvOptions extends Partial<Omit<KvSettings, 'persistence' | 'enabled'>> {
  /** Folder for the data; without it nothing survives the store. */
  readonly dataFolder?: string;
}

export interface RunningKv {
  /** Port of the Redis protocol on 127.0.0.1, or on the `bind` asked for. */
  readonly port: number;
  /** Port of the Redis protocol over TLS, 0 for none. */
  readonly tlsPort: number;
  /** Closes all connections, makes everything durable, leaves nothing open. */
  stop(): Promise<void>;
}

/**
 * Starts a store on a free port, or the one given.
 * @throws ListenError, DataFolderError, LogError, CorruptCheckpointError, AclFileError: then nothing is left open.
 */
export async function startKv(options: StartKvOptions = {}): Promise<RunningKv> {
  const { dataFolder, ...settings } = options;
  const disk = createNodeDisk();
  const folder = dataFolder === undefined ? undefined : await openDataFolder(disk, dataFolder);
  const kv = new Kv(
    { ...defaultsOf(kvConfig), port: 0, ...settings, persistence: folder !== undefined },
    {
      clock: createNodeClock(),
      random: createNodeRandom(),
      disk,
      dataFolder: folder?.subfolder('kv') ?? '',
      log: silentLogger(),
      metrics: createMetrics(),
    },
  );
  try {
    await kv.start();
  } catch (error) {
    folder?.release();
    throw error;
  }
  const { listening } = kv.status();
  const portOf = (protocol: string): number =>
    listening.find((entry) => entry.protocol === protocol)?.port ?? 0;
  return {
    port: portOf('RESP'),
    tlsPort: portOf('RESP over TLS'),
    stop: async () => {
      await kv.stop();
      folder?.release();
    },
  };
}
