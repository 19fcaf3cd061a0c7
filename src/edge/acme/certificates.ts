/**
 * Certificates of this PoP's sites: held on disk, renewed by the PoP that coordinates, taken from it by the others.
 *
 *     look ─▶ nothing due: a timer ─▶ look
 *       └──▶ one is due, and we coordinate: asked of the authority ─▶ on disk ─▶ `onRenewed`, other PoPs ─▶ look
 *
 * Invariants: one order at a time, so many an hour; a certificate is in use until the next one is whole on disk; a
 * name that has none yet has a placeholder. What a certificate was asked for last stays known over restarts.
 */
import { InvariantError } from '../../core/base/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Timer } from '../../core/runtime/index.ts';
import type { AccountFile } from './account-file.ts';
import { AcmeError, type AcmeErrorCode } from './acme-error.ts';
import type { Authority, ChallengeBoard } from './authority.ts';
import { factsOf, type Pair } from './certificate-facts.ts';
import { CertificateFiles } from './certificate-files.ts';
import { Keeping } from './keeping.ts';
import { FIRST_LOOK_MS, LOOK_MS_MAX, ORDERS_PER_HOUR_MAX, ORDERS_WINDOW_MS } from './limits.ts';
import { placeholderFor } from './placeholder.ts';
import { asked, failed, renewed, suggested, withoutJumps } from './schedule.ts';
import { SharedHoldingsLink } from './shared-holdings.ts';
import { Seal, type SharedCertificate, type Sharing } from './sharing.ts';
import { type CertificatesShown, showCertificate } from './shown.ts';
import type { LeftOut, WantedCertificate } from './wanted.ts';

export interface CertificatesContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Logger;
  /** The folder of certificates; made when missing. */
  readonly folder: string;
  /** Name of this PoP. */
  readonly pop: string;
  readonly account: AccountFile;
  readonly board: ChallengeBoard & { tell(): Promise<void> };
  /** The link to other PoPs, and the secret that they have in common. */
  readonly shared?: { readonly sharing: Sharing; readonly secret: string };
  /** This PoP is the one that asks the authority; may change at any time, see `look`. */
  isCoordinator(): boolean;
  /** The files of this certificate have changed; a placeholder that was put there at start is not told. */
  onRenewed(name: string): void;
}

/** How long until an authority without wishes, or one that did not answer, is asked for its wishes again. */
const WISHES_MS = 24 * 3_600_000;

export class Certificates {
  private readonly context: CertificatesContext;
  private readonly files: CertificateFiles;
  private readonly link: SharedHoldingsLink | undefined;
  private authority: Authority;
  private readonly keepings = new Map<string, Keeping>();
  /** When orders of the last hour were placed, monotonic milliseconds. */
  private orders: number[] = [];
  private timer: Timer | undefined;
  private isBusy = false;
  private notBeforeMs = 0;
  private readonly stopping = new AbortController();
  readonly counts = { renewals: 0, received: 0, failures: new Map<AcmeErrorCode, number>() };

  /** @throws the disk's error. */
  constructor(context: CertificatesContext, authority: Authority) {
    this.context = context;
    this.authority = authority;
    this.files = new CertificateFiles(context.disk, context.folder);
    const { shared, pop, account } = context;
    if (shared === undefined) return;
    this.link = new SharedHoldingsLink({
      ...{ pop, account, sharing: shared.sharing },
      seal: new Seal(shared.secret, context.random),
      isCoordinator: () => context.isCoordinator(),
      keepings: () => this.keepings.values(),
      onCertificate: (certificate) => this.receive(certificate),
      onAsked: () => void context.board.tell().catch(() => {}),
      onDiskError: (error) =>
        context.log.warn('the account at the authority can not be read or written', { error }),
    });
  }

  /**
   * Resolves when there is a pair of files for each, a placeholder at least, so that listeners can open.
   * @throws the disk's error.
   */
  async start(wanted: readonly WantedCertificate[]): Promise<void> {
    await this.want(wanted);
    if (this.link !== undefined) {
      this.notBeforeMs = this.context.clock.monotonicMs() + FIRST_LOOK_MS;
      this.link.announce();
    }
    this.look();
  }

  /**
   * From now on these are wanted, of this authority. Files of others stay on disk, for when they are wanted again.
   * @throws the disk's error.
   */
  async change(wanted: readonly WantedCertificate[], authority: Authority): Promise<void> {
    this.authority = authority;
    await this.want(wanted);
    this.link?.announce();
    this.look();
  }

  /** Where a listener finds it. */
  pathsOf(name: string): { readonly cert: string; readonly key: string } {
    return this.files.pathsOf(name);
  }

  /** @param leftOut hosts that have none, as found out when the wanted ones were. */
  shown(leftOut: readonly LeftOut[] = []): CertificatesShown {
    const nowMs = this.context.clock.wallMs();
    return {
      isCoordinator: this.context.isCoordinator(),
      certificates: [...this.keepings.values()].map((each) => showCertificate(each, nowMs)),
      leftOut,
    };
  }

  /** In the order they were wanted. */
  get all(): Iterable<Keeping> {
    return this.keepings.values();
  }

  /** Asks for a new one at once, or as soon as the authority allows it. False: there is none of this name. */
  renew(name: string): boolean {
    const keeping = this.keepings.get(name);
    if (keeping === undefined) return false;
    keeping.course = asked(keeping.course);
    this.look();
    return true;
  }

  /** Sends and fetches what was missed, as when the link to another PoP is up again. */
  announce(): void {
    this.link?.announce();
  }

  /** Does what is due now; to be called when `isCoordinator` may say something else. */
  look(): void {
    const { clock } = this.context;
    if (this.timer !== undefined) clock.clearTimer(this.timer);
    this.timer = undefined;
    if (this.isBusy || this.stopping.signal.aborted) return;
    const waitMs = this.context.isCoordinator() ? this.doDue() : LOOK_MS_MAX;
    if (waitMs === 0) return;
    this.timer = clock.setTimer(Math.min(LOOK_MS_MAX, waitMs), () => {
      this.link?.announce();
      this.look();
    });
    this.timer.unref();
  }

  /** Gives up what is under way. */
  stop(): void {
    this.stopping.abort();
    if (this.timer !== undefined) this.context.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private async want(wanted: readonly WantedCertificate[]): Promise<void> {
    const before = new Map(this.keepings);
    this.keepings.clear();
    for (const each of wanted) {
      const known = before.get(each.name);
      const keeping = known ?? new Keeping(each);
      if (known === undefined) keeping.load(this.files);
      keeping.want(each, this.authority.directory);
      this.keepings.set(each.name, keeping);
    }
    for (const keeping of [...this.keepings.values()]) await this.standIn(keeping);
  }

  /** Has listeners start that have nothing to show. */
  private async standIn(keeping: Keeping): Promise<void> {
    const { clock, random } = this.context;
    const nowMs = clock.wallMs();
    const { held, signed, wanted } = keeping;
    if (signed !== undefined || (held !== undefined && held.facts.notAfterMs > nowMs)) return;
    const pair = await placeholderFor(wanted.names, nowMs, random.bytes(16));
    if (keeping.signed === undefined) this.hold(keeping, pair, '');
  }

  /** @returns how long nothing is to be done, milliseconds, at least 1; 0: something is under way. */
  private doDue(): number {
    const nowMs = this.context.clock.wallMs();
    const monotonicMs = this.context.clock.monotonicMs();
    let first: Keeping | undefined;
    let curious: Keeping | undefined;
    for (const keeping of this.keepings.values()) {
      keeping.course = withoutJumps(keeping.course, nowMs);
      if (first === undefined || keeping.dueAtMs() < first.dueAtMs()) first = keeping;
      if (keeping.course.held === undefined) continue;
      if (curious === undefined || keeping.askAgainMs < curious.askAgainMs) curious = keeping;
    }
    if (first === undefined) return LOOK_MS_MAX;
    const mayMs = Math.max(
      first.dueAtMs() - nowMs,
      this.notBeforeMs - monotonicMs,
      this.budgetMs(monotonicMs),
    );
    const asksFirst = first.course.held !== undefined && first.askAgainMs <= monotonicMs;
    if (mayMs <= 0 && !asksFirst) {
      this.orders.push(monotonicMs);
      this.busy(first, (due) => this.obtain(due));
      return 0;
    }
    const askMs = (curious?.askAgainMs ?? Number.POSITIVE_INFINITY) - monotonicMs;
    if (curious !== undefined && askMs <= 0) {
      this.busy(mayMs <= 0 ? first : curious, (asking) => this.askWishes(asking));
      return 0;
    }
    return Math.max(1, Math.min(askMs, mayMs));
  }

  /** How long until one more order is allowed. */
  private budgetMs(monotonicMs: number): number {
    this.orders = this.orders.filter((atMs) => atMs > monotonicMs - ORDERS_WINDOW_MS);
    const oldest = this.orders.at(-ORDERS_PER_HOUR_MAX);
    return oldest === undefined ? 0 : oldest + ORDERS_WINDOW_MS - monotonicMs;
  }

  private busy(keeping: Keeping, run: (keeping: Keeping) => Promise<void>): void {
    this.isBusy = true;
    keeping.isBusy = true;
    void run(keeping).finally(() => {
      this.isBusy = false;
      keeping.isBusy = false;
      this.look();
    });
  }

  private async obtain(keeping: Keeping): Promise<void> {
    const { clock, board, log } = this.context;
    const { authority } = this;
    const { wanted, course } = keeping;
    const isPlain = course.held !== undefined && course.failures === 0;
    const replaces = isPlain ? keeping.held?.pair : undefined;
    const { signal } = this.stopping;
    const { names } = wanted;
    try {
      const pair = await authority.obtain({ names, replaces, signal }, board);
      // What was wanted may have changed meanwhile; then it is asked for anew.
      if (!this.isWanted(keeping, wanted, authority)) return;
      this.hold(keeping, pair, authority.directory);
    } catch (error) {
      if (!signal.aborted) this.missed(keeping, error);
      return;
    }
    this.counts.renewals++;
    this.taken(keeping);
    this.link?.sendAccount();
    this.link?.send(keeping);
    const { signed } = keeping;
    const nowMs = clock.wallMs();
    if (signed !== undefined && (nowMs < signed.notBeforeMs || nowMs > signed.notAfterMs)) {
      const { notBeforeMs, notAfterMs } = signed;
      log.warn('a new certificate does not hold now: the clock of this machine is wrong', {
        ...{ certificate: wanted.name, nowMs, notBeforeMs, notAfterMs },
      });
    }
  }

  private isWanted(keeping: Keeping, wanted: WantedCertificate, authority: Authority): boolean {
    return (
      this.keepings.get(wanted.name) === keeping &&
      keeping.wanted.names.join() === wanted.names.join() &&
      this.authority.directory === authority.directory
    );
  }

  private missed(keeping: Keeping, error: unknown): void {
    const { clock, random, log } = this.context;
    const met = error instanceof AcmeError ? error : diskError(error);
    const nowMs = clock.wallMs();
    const { retryAfterMs } = met;
    keeping.course = failed(keeping.course, { nowMs, retryAfterMs, chance: random.float() });
    keeping.lastFailure = { atMs: nowMs, code: met.code, says: met.message };
    this.counts.failures.set(met.code, (this.counts.failures.get(met.code) ?? 0) + 1);
    const { failures, restMs } = keeping.course;
    log.warn('a certificate could not be obtained', {
      ...{ certificate: keeping.wanted.name, names: keeping.wanted.names, failures },
      ...{ code: met.code, says: met.message, againInSeconds: Math.round(restMs / 1000) },
    });
    this.note(keeping);
  }

  private async askWishes(keeping: Keeping): Promise<void> {
    const { clock, random, log } = this.context;
    let askAgainMs = WISHES_MS;
    try {
      const held = keeping.held?.pair;
      const window = held && (await this.authority.renewalWindow(held));
      const { suggestedMs } = keeping.course;
      if (window !== undefined) {
        askAgainMs = window.askAgainMs;
        const { startMs, endMs } = window;
        const isWithin = suggestedMs !== undefined && suggestedMs >= startMs && suggestedMs < endMs;
        if (!isWithin) {
          const chosenMs = startMs + random.float() * (endMs - startMs);
          keeping.course = suggested(keeping.course, chosenMs);
          this.note(keeping);
        }
      } else if (suggestedMs !== undefined) keeping.course = suggested(keeping.course, undefined);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      log.debug('the authority does not say when to renew', { error });
    }
    keeping.askAgainMs = clock.monotonicMs() + askAgainMs;
  }

  private receive({ name, pair, directory }: SharedCertificate): void {
    const keeping = this.keepings.get(name);
    const facts = factsOf(pair);
    if (keeping === undefined || facts === undefined || facts.isOwn) return;
    const { signed, wanted } = keeping;
    const next = new Keeping(wanted);
    next.held = { pair, facts };
    next.directory = directory;
    const fits = next.fitting(this.authority.directory) !== undefined;
    const isBetter =
      signed === undefined ||
      (fits && keeping.course.held === undefined) ||
      facts.notBeforeMs > signed.notBeforeMs;
    if (!isBetter || (!fits && keeping.course.held !== undefined)) return;
    try {
      this.hold(keeping, pair, directory);
    } catch (error) {
      this.context.log.warn('a certificate can not be written', { certificate: name, error });
      return;
    }
    this.counts.received++;
    this.taken(keeping);
    this.look();
  }

  /** Writes a pair to disk. @throws the disk's error. */
  private hold(keeping: Keeping, pair: Pair, directory: string): void {
    const { name } = keeping.wanted;
    this.files.save(name, pair);
    keeping.held = this.files.load(name);
    keeping.directory = directory;
  }

  /** Listeners shall show what an authority has signed. */
  private taken(keeping: Keeping): void {
    const { signed } = keeping;
    if (signed !== undefined) {
      keeping.course = renewed(signed, this.context.clock.wallMs());
      keeping.settle(this.authority.directory);
      keeping.lastFailure = undefined;
      keeping.askAgainMs = 0;
    }
    this.note(keeping);
    const { name } = keeping.wanted;
    this.context.log.info('a certificate was renewed', {
      ...{ certificate: name, names: signed?.names, issuer: signed?.issuer },
      notAfterMs: signed?.notAfterMs,
    });
    this.context.onRenewed(name);
  }

  /** A note that can not be written costs a try too many after a restart, nothing else. */
  private note(keeping: Keeping): void {
    try {
      keeping.save(this.files);
    } catch (error) {
      const { name } = keeping.wanted;
      this.context.log.warn('the course of a certificate can not be noted', {
        ...{ certificate: name, error },
      });
    }
  }
}

/** @throws what is no error of a disk: it is ours. */
function diskError(cause: unknown): AcmeError {
  if (!(cause instanceof Error && 'code' in cause)) throw cause;
  return new AcmeError('disk', cause.message, { cause });
}
