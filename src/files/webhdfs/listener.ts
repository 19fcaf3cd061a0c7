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
import type { Clock, Random, Transport } from '../../core/runtime/index.ts';
import type { FileSystem } from '../objects/file-system.ts';
import type { Service } from './call.ts';
import type { WebHdfsSettings } from './config.ts';
import { WebHdfsDoor, type WebHdfsDoorEvents } from './door.ts';

export interface WebHdfsListenerOptions {
  readonly settings: WebHdfsSettings;
  readonly files: FileSystem;
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
  private readonly door: WebHdfsDoor;
  private readonly options: WebHdfsListenerOptions;

  private constructor(options: WebHdfsListenerOptions, door: WebHdfsDoor, http: HttpListener) {
    this.options = options;
    this.door = door;
    this.http = http;
    this.listening = {
      protocol: 'WebHDFS',
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
    const http = await listenHttp({
      ...{ transport, clock, random, events },
      address: { host: settings.bind, port: settings.port },
      connectionsMax: settings.connections,
      limits: {
        ...HTTP_LIMITS,
        head: { ...HTTP_LIMITS.head, headBytes: HEAD_BYTES, targetBytes: TARGET_BYTES },
      },
      handler: door.handler,
      trusts: () => false,
    });
    return new WebHdfsListener(options, door, http);
  }

  /** Calls that run keep what they began with. */
  apply(settings: WebHdfsSettings): void {
    this.door.service = serviceOf(this.options, settings);
    this.http.listener.setConnectionsMax(settings.connections);
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.http.listener.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.http.listener.stop();
  }
}

function serviceOf(
  { files, onRootChange }: WebHdfsListenerOptions,
  { advertised, superuser, anonymous, users }: WebHdfsSettings,
): Service {
  return {
    ...{ files, advertised, superuser, anonymous, onRootChange },
    groups: new Map(users.map(({ name, groups }) => [name, groups])),
  };
}
