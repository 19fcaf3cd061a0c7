/**
 * The WebHDFS door as a part of a running system: its socket and its settings. Address and port change by a restart,
 * all else at once.
 */
import type { Listening } from '../../core/base/index.ts';
import {
  HTTP_LIMITS,
  type HttpListener,
  type HttpServerEvents,
  listenHttp,
} from '../../core/downstream/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Transport } from '../../core/runtime/index.ts';
import type { FileSystem } from '../objects/file-system.ts';
import { tlsOf } from '../tls.ts';
import type { Service } from './call.ts';
import type { WebHdfsSettings } from './config.ts';
import { WebHdfsDoor, type WebHdfsDoorEvents } from './door.ts';
import { TrashEmptier, type TrashTimes } from './trash.ts';

export interface WebHdfsListenerOptions {
  readonly settings: WebHdfsSettings;
  readonly files: FileSystem;
  /** Has the files of certificates. */
  readonly disk: Disk;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: HttpServerEvents & WebHdfsDoorEvents;
  /** A directory of the root has come, gone or changed. */
  onRootChange(): void;
}

/** A path of names that are escaped is three times as long in a target; CONCAT names many. */
const TARGET_BYTES = 32_768;
const HEAD_BYTES = 65_536;

export class WebHdfsListener {
  readonly listening: Listening;
  readonly http: HttpListener;
  readonly emptier: TrashEmptier;
  private readonly door: WebHdfsDoor;
  private readonly options: WebHdfsListenerOptions;

  private constructor(options: WebHdfsListenerOptions, door: WebHdfsDoor, http: HttpListener) {
    this.options = options;
    this.door = door;
    this.http = http;
    const { files, clock, log } = options;
    this.emptier = new TrashEmptier(
      { files, clock, onFailure: (error) => log.warn('webhdfs.trash-failed', { err: error }) },
      trashTimes(options.settings),
    );
    this.listening = {
      protocol: options.settings.tls.certificates.length > 0 ? 'WebHDFS over TLS' : 'WebHDFS',
      host: options.settings.bind,
      port: http.listener.port,
    };
  }

  /** @throws ListenError */
  static async open(options: WebHdfsListenerOptions): Promise<WebHdfsListener> {
    const { settings, transport, clock, random, log, events } = options;
    const door = new WebHdfsDoor({
      ...{ service: serviceOf(options, settings), log, events },
      monotonicMs: () => clock.monotonicMs(),
    });
    const tls = tlsOf(options.disk, settings.tls, 'webhdfs');
    options.files.objectMode = modeOf(settings);
    const http = await listenHttp({
      ...{ transport, clock, random, events },
      address: { host: settings.bind, port: settings.port },
      ...(tls !== undefined && { tls }),
      connectionsMax: settings.connections,
      limits: {
        ...HTTP_LIMITS,
        head: { ...HTTP_LIMITS.head, headBytes: HEAD_BYTES, targetBytes: TARGET_BYTES },
      },
      handler: door.handler,
      trusts: () => false,
    });
    const listener = new WebHdfsListener(options, door, http);
    listener.emptier.start();
    return listener;
  }

  /** Calls that run keep what they began with. @throws ListenError 'tls-invalid', and nothing has changed */
  apply(settings: WebHdfsSettings): void {
    const tls = tlsOf(this.options.disk, settings.tls, 'webhdfs');
    if (tls !== undefined) this.http.listener.updateTls(tls);
    this.options.files.objectMode = modeOf(settings);
    this.door.service = serviceOf(this.options, settings);
    this.http.listener.setConnectionsMax(settings.connections);
    this.emptier.apply(trashTimes(settings));
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.http.listener.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.emptier.stop();
    await this.http.listener.stop();
  }
}

function serviceOf(
  { files, onRootChange }: WebHdfsListenerOptions,
  settings: WebHdfsSettings,
): Service {
  const { advertised, superuser, anonymous, users } = settings;
  return {
    ...{ files, advertised, superuser, anonymous, onRootChange },
    trash: trashTimes(settings),
    groups: new Map(users.map(({ name, groups }) => [name, groups])),
  };
}

function trashTimes({ trashMinutes, trashCheckpointMinutes }: WebHdfsSettings): TrashTimes {
  return { minutes: trashMinutes, checkpointMinutes: trashCheckpointMinutes };
}

const modeOf = ({ objectMode }: WebHdfsSettings): number => Number.parseInt(objectMode, 8);
