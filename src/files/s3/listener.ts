/**
 * The S3 door as a part of a running system: its socket, its settings, the lifecycle of its buckets.
 *
 * Settings are applied whole: users, region, domains, limits and certificates live, address and port by a restart.
 */
import type { Listening } from '../../core/base/index.ts';
import {
  HTTP_LIMITS,
  type HttpLimits,
  type HttpListener,
  type HttpServerEvents,
  listenHttp,
} from '../../core/downstream/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Threads, Transport } from '../../core/runtime/index.ts';
import { tlsOf } from '../tls.ts';
import { SigningKeys } from './auth/scope.ts';
import { type AccessKey, type User, Users } from './auth/users.ts';
import type { S3Settings } from './config.ts';
import { DigestThreads } from './digests/digest-threads.ts';
import { S3Door, type S3DoorEvents } from './door.ts';
import { Lifecycle } from './lifecycle.ts';
import type { ObjectStore } from './object-store.ts';
import type { Service } from './service.ts';

export interface S3ListenerOptions {
  readonly settings: S3Settings;
  readonly store: ObjectStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly threads: Threads;
  /** For the digests of large bodies. */
  readonly digestThreadsMax: number;
  readonly log: Logger;
  readonly events: HttpServerEvents & S3DoorEvents;
}

export class S3Listener {
  readonly listening: Listening;
  readonly http: HttpListener;
  readonly lifecycle: Lifecycle;
  private readonly door: S3Door;
  private readonly options: S3ListenerOptions;
  private readonly digests: DigestThreads;

  private constructor(
    options: S3ListenerOptions,
    digests: DigestThreads,
    door: S3Door,
    http: HttpListener,
  ) {
    const { settings, store, clock, log } = options;
    this.options = options;
    this.digests = digests;
    this.door = door;
    this.http = http;
    this.listening = {
      protocol: settings.tls.certificates.length > 0 ? 'S3 over TLS' : 'S3',
      host: settings.bind,
      port: http.listener.port,
    };
    this.lifecycle = new Lifecycle({
      ...{ store, clock },
      ...{ everyMs: settings.lifecycleEveryMs, dayMs: settings.lifecycleDayMs },
      onFailure: (error) => log.warn('s3.lifecycle-failed', { error: String(error) }),
    });
  }

  /** @throws ListenError */
  static async open(options: S3ListenerOptions): Promise<S3Listener> {
    const { settings, transport, clock, random, log, events } = options;
    const digests = new DigestThreads(options, options.digestThreadsMax);
    const door = new S3Door({
      ...{ service: serviceOf(options, digests, settings), log, events },
      monotonicMs: () => clock.monotonicMs(),
    });
    const tls = tlsOf(options.disk, settings.tls, 's3');
    const http = await listenHttp({
      ...{ transport, clock, random, events },
      address: { host: settings.bind, port: settings.port },
      ...(tls !== undefined && { tls }),
      connectionsMax: settings.limits.connections,
      limits: limitsOf(settings),
      handler: door.handler,
      refusalAnswer: door.refusalAnswer,
      trusts: () => false,
    });
    const listener = new S3Listener(options, digests, door, http);
    listener.lifecycle.start();
    return listener;
  }

  /** Calls that run keep what they began with. @throws ListenError 'tls-invalid', and nothing has changed */
  apply(settings: S3Settings): void {
    const tls = tlsOf(this.options.disk, settings.tls, 's3');
    if (tls !== undefined) this.http.listener.updateTls(tls);
    this.door.service = serviceOf(this.options, this.digests, settings);
    this.http.server.limits = limitsOf(settings);
    this.http.listener.setConnectionsMax(settings.limits.connections);
    this.lifecycle.setTimes(settings.lifecycleEveryMs, settings.lifecycleDayMs);
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.http.listener.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.lifecycle.stop();
    await this.http.listener.stop();
    await this.digests.stop();
  }
}

function serviceOf(
  { store, random, clock }: S3ListenerOptions,
  digests: DigestThreads,
  settings: S3Settings,
): Service {
  const { region, domains, encryptionKey, sseCOverHttp, signatureV2 } = settings;
  return {
    ...{ store, random, digests, region, domains, sseCOverHttp, takesV2: signatureV2 },
    users: new Users(accessKeys(settings)),
    // Secrets may have changed: keys made of the old ones are forgotten.
    keys: new SigningKeys(),
    encryptionKey:
      encryptionKey === undefined ? undefined : Buffer.from(encryptionKey.reveal(), 'base64'),
    nowMs: () => clock.wallMs(),
  };
}

function accessKeys({ users }: S3Settings): AccessKey[] {
  const known = new Map<string, User>();
  return users.map(({ name, keyId, user, displayName, email, admin, secret }) => {
    const id = user ?? name;
    const before = known.get(id);
    const address = email ?? before?.email;
    const owner: User = {
      id,
      ...(address !== undefined && { email: address }),
      displayName: displayName ?? before?.displayName ?? id,
      isAdmin: admin || (before?.isAdmin ?? false),
    };
    known.set(id, owner);
    return { id: keyId ?? name, user: owner, secret: () => secret.reveal() };
  });
}

function limitsOf({ limits, timeouts }: S3Settings): HttpLimits {
  return {
    ...HTTP_LIMITS,
    // A key of 1024 bytes is three times as long in a target, and a presigned one has a signature behind it.
    // S3 takes no notice of expectations that it does not know, and its clients' tests hold it to that.
    head: {
      ...HTTP_LIMITS.head,
      ...{ headBytes: limits.headBytes, targetBytes: TARGET_BYTES, ignoresExpectations: true },
    },
    headMs: timeouts.headMs,
    idleMs: timeouts.idleMs,
    bodyStallMs: timeouts.bodyMs,
    sendStallMs: timeouts.sendMs,
    connectionsPerAddress: limits.connectionsPerAddress,
  };
}

const TARGET_BYTES = 16_384;
