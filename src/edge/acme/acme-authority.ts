/**
 * An authority that speaks ACME (RFC 8555).
 *
 *     account ─▶ order ─▶ challenges put up ─▶ authority looks ─▶ ready ─▶ request signed ─▶ chain fetched, checked
 *
 * Invariants: what is put up for a challenge is taken down, whatever becomes of the order; a chain that does not
 * cover the names or does not fit its key is not given out.
 */
import type { Authorization, Client, Order } from 'acme-client';
import type { Clock, Disk } from '../../core/runtime/index.ts';
import { readFileWhole } from '../../core/store/index.ts';
import type { AccountFile } from './account-file.ts';
import { forgetAccountUrl, inOurWords, type KnownClient, knownClient } from './acme-client.ts';
import { AcmeError } from './acme-error.ts';
import type { AcmeSettings } from './acme-fields.ts';
import { renewalIdOf, windowOf, wordsOf } from './acme-messages.ts';
import type { Authority, CertificateOrder, ChallengeBoard, RenewalWindow } from './authority.ts';
import { factsOf, type Pair } from './certificate-facts.ts';
import { type DirectoryHttp, directoryHttp } from './directory-http.ts';
import { FIRST_POLL_MS, ORDER_MS_MAX, POLL_MS_MAX } from './limits.ts';
import { type ChallengeAnswer, isObject } from './sharing.ts';
import { sleep } from './sleep.ts';
import { covers } from './wanted.ts';

export interface AcmeAuthorityOptions {
  readonly settings: AcmeSettings;
  readonly account: AccountFile;
  readonly clock: Clock;
  readonly disk: Disk;
}

type Challenge = Authorization['challenges'][number];

/** An order and what it needs. */
interface Work extends CertificateOrder {
  readonly known: KnownClient;
  readonly board: ChallengeBoard;
}

export class AcmeAuthority implements Authority {
  private readonly options: AcmeAuthorityOptions;

  constructor(options: AcmeAuthorityOptions) {
    this.options = options;
  }

  get directory(): string {
    return this.options.settings.directory;
  }

  obtain(order: CertificateOrder, board: ChallengeBoard): Promise<Pair> {
    return this.withHttp(order.signal, async (http) => {
      const replaces = await this.replacedId(http, order.replaces);
      try {
        return await this.run({ ...order, board, known: await this.known(http) }, replaces);
      } catch (error) {
        // Its accounts are gone, as those of an authority that was set up anew.
        const isForgotten = error instanceof AcmeError && error.problem === 'accountDoesNotExist';
        if (!isForgotten) throw error;
        forgetAccountUrl(this.options.account);
        return this.run({ ...order, board, known: await this.known(http) }, replaces);
      }
    });
  }

  renewalWindow(certificate: Pair): Promise<RenewalWindow | undefined> {
    return this.withHttp(undefined, async (http) => {
      const base = await this.renewalInfoUrl(http);
      const id = renewalIdOf(certificate.chain);
      if (base === undefined || id === undefined) return undefined;
      const response = await http.ask(`${base}/${id}`, { method: 'GET' });
      return response.status === 200 ? windowOf(response, this.options.clock.wallMs()) : undefined;
    });
  }

  private async run(work: Work, replaces: string | undefined): Promise<Pair> {
    const { names, known, board } = work;
    const request = {
      identifiers: names.map((value) => ({ type: 'dns', value })),
      ...(replaces !== undefined && { replaces }),
    };
    const placed = await known.client.createOrder(request);
    const ready = await this.authorized(work, placed, board);
    return this.signed(work, ready);
  }

  /** Answers the challenges of an order. */
  private async authorized(work: Work, order: Order, board: ChallengeBoard): Promise<Order> {
    if (order.status !== 'pending') return this.settled(work, order, 'ready');
    const { client } = work.known;
    const open = (await client.getAuthorizations(order)).filter(
      ({ status }) => status === 'pending',
    );
    const chosen = open.map((each) => ({ each, challenge: this.choose(each, board) }));
    const answers = await Promise.all(
      chosen.map(({ each, challenge }) => answerTo(client, each, challenge)),
    );
    const down = await board.put(answers).catch((cause: Error) => {
      throw new AcmeError('no-challenge', cause.message, { cause });
    });
    try {
      const { clock, settings } = this.options;
      if (open.length > 0) await sleep(clock, settings.settleMs, work.signal);
      for (const { challenge } of chosen) await client.completeChallenge(challenge);
      return await this.settled(work, await client.getOrder(order), 'ready');
    } finally {
      await down().catch(() => {}); // a record that stays harms nobody
    }
  }

  private choose({ identifier, wildcard, challenges }: Authorization, board: ChallengeBoard) {
    const wanted = wildcard === true ? 'dns-01' : this.options.settings.challenge;
    if (wanted === 'dns-01' && !board.canAnswerDns) {
      const name = wildcard === true ? `*.${identifier.value}` : identifier.value;
      throw new AcmeError('no-challenge', `${name} needs dns-01, and no name server is ours`);
    }
    const found = challenges.find(({ type }) => type === wanted);
    if (found !== undefined) return found;
    throw new AcmeError('no-challenge', `${identifier.value} has no ${wanted}`);
  }

  /** Has the authority sign, and fetches what it has signed. */
  private async signed(work: Work, order: Order): Promise<Pair> {
    const { default: acme } = await import('acme-client');
    const { settings } = this.options;
    const { client } = work.known;
    const [kind, size] = settings.keyType.split('-') as ['ecdsa' | 'rsa', string];
    const key =
      kind === 'rsa'
        ? await acme.crypto.createPrivateRsaKey(Number(size))
        : await acme.crypto.createPrivateEcdsaKey(size === 'p384' ? 'P-384' : 'P-256');
    const [, csr] = await acme.crypto.createCsr({ altNames: [...work.names] }, key);
    const done = await this.settled(work, await client.finalizeOrder(order, csr), 'valid');
    const chain = await client.getCertificate(done, settings.preferredChain);
    const pair = { chain, key: key.toString() };
    const facts = factsOf(pair);
    if (facts === undefined) throw new AcmeError('unusable', 'the key does not fit');
    if (!covers(facts.names, work.names)) {
      throw new AcmeError('unusable', `it names ${facts.names.join(', ')}`);
    }
    return pair;
  }

  /** Waits until an order is so far. */
  private async settled(work: Work, first: Order, wanted: 'ready' | 'valid'): Promise<Order> {
    const { clock } = this.options;
    const { client, retryAfterMs } = work.known;
    const endMs = clock.monotonicMs() + ORDER_MS_MAX;
    let order = first;
    for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(POLL_MS_MAX, waitMs * 1.5)) {
      if (order.status === 'valid' || order.status === wanted) return order;
      if (order.status === 'invalid') throw await this.whyInvalid(client, order);
      if (clock.monotonicMs() >= endMs) {
        throw new AcmeError('too-slow', `the order is ${order.status}`);
      }
      await sleep(clock, Math.min(POLL_MS_MAX, retryAfterMs() ?? waitMs), work.signal);
      order = await client.getOrder(order);
    }
  }

  private async whyInvalid(client: Client, order: Order): Promise<AcmeError> {
    const authorizations = await client.getAuthorizations(order);
    const failed = authorizations.flatMap(({ identifier, challenges }) =>
      challenges
        .filter(({ error }) => isObject(error))
        .map(({ type, error }) => `${identifier.value} by ${type}: ${wordsOf(error)}`),
    );
    if (failed.length > 0) return new AcmeError('challenge-failed', failed.join('; '));
    return new AcmeError('refused', wordsOf(order.error));
  }

  private known(http: DirectoryHttp): Promise<KnownClient> {
    const { settings, account, clock } = this.options;
    return knownClient({ settings, account, http, wallMs: () => clock.wallMs() });
  }

  private async replacedId(http: DirectoryHttp, pair: Pair | undefined) {
    if (pair === undefined || (await this.renewalInfoUrl(http)) === undefined) return undefined;
    return renewalIdOf(pair.chain);
  }

  private async renewalInfoUrl(http: DirectoryHttp): Promise<string | undefined> {
    const { data } = await http.ask(this.directory, { method: 'GET' });
    return isObject(data) && typeof data.renewalInfo === 'string' ? data.renewalInfo : undefined;
  }

  private withHttp<T>(
    signal: AbortSignal | undefined,
    run: (http: DirectoryHttp) => Promise<T>,
  ): Promise<T> {
    return inOurWords(async () => {
      const { clock, disk, settings } = this.options;
      const { directoryCa } = settings;
      const ca = directoryCa === undefined ? undefined : readFileWhole(disk, directoryCa);
      if (ca === null) throw new AcmeError('settings', `${directoryCa} can not be read`);
      const http = directoryHttp({ clock, ca });
      const stop = (): void => http.close();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        return await run(http);
      } catch (error) {
        if (signal?.aborted === true) throw new AcmeError('stopped', '', { cause: error });
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
        http.close();
      }
    });
  }
}

async function answerTo(
  client: Client,
  { identifier }: Authorization,
  challenge: Challenge,
): Promise<ChallengeAnswer> {
  const value = await client.getChallengeKeyAuthorization(challenge);
  return challenge.type === 'dns-01'
    ? { kind: 'dns-01', name: `_acme-challenge.${identifier.value}`, value }
    : { kind: 'http-01', token: challenge.token, value };
}
