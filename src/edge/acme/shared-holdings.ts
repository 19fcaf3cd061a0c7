/**
 * Certificates and the account between PoPs: one obtains them, all hold them.
 *
 * Invariants: a certificate is taken only if it is newer than what is held or what is held does not fit, so messages
 * may come twice or late; keys leave this process only under the seal.
 */
import type { AccountFile } from './account-file.ts';
import { accountOf } from './account-file.ts';
import type { Keeping } from './keeping.ts';
import {
  certificateOf,
  holdingsOf,
  type Seal,
  type SharedCertificate,
  type SharedHoldings,
  type Sharing,
} from './sharing.ts';

const CERTIFICATE = 'acme-certificate';
const ACCOUNT = 'acme-account';
const HAVE = 'acme-have';

export interface SharedHoldingsOptions {
  readonly pop: string;
  readonly sharing: Sharing;
  readonly seal: Seal;
  readonly account: AccountFile;
  isCoordinator(): boolean;
  keepings(): Iterable<Keeping>;
  /** Another PoP holds it; whether it is of use here is found out by who is called. */
  onCertificate(certificate: SharedCertificate): void;
  /** Another PoP wants to know what there is. */
  onAsked(): void;
  /** The account can not be read or written. */
  onDiskError(error: unknown): void;
}

export class SharedHoldingsLink {
  private readonly options: SharedHoldingsOptions;

  constructor(options: SharedHoldingsOptions) {
    this.options = options;
    options.sharing.onReceived((kind, value) => this.received(kind, value));
  }

  /** Tells what is held here, so that others send what is newer. */
  announce(): void {
    const { pop } = this.options;
    const held: Record<string, number> = {};
    for (const { wanted, signed } of this.options.keepings()) {
      held[wanted.name] = signed?.notBeforeMs ?? 0;
    }
    this.publish(HAVE, { pop, isCoordinator: this.options.isCoordinator(), held });
  }

  send({ wanted, held, directory, signed }: Keeping): void {
    if (held === undefined || signed === undefined) return;
    const value: SharedCertificate = { name: wanted.name, pair: held.pair, directory };
    this.publish(CERTIFICATE, this.options.seal.close(CERTIFICATE, value));
  }

  sendAccount(): void {
    const { account, seal, onDiskError } = this.options;
    try {
      const known = account.load();
      if (known !== undefined) this.publish(ACCOUNT, seal.close(ACCOUNT, known));
    } catch (error) {
      onDiskError(error);
    }
  }

  private received(kind: string, value: unknown): void {
    const { seal, isCoordinator, onCertificate } = this.options;
    if (kind === CERTIFICATE) {
      const certificate = certificateOf(seal.open(kind, value));
      if (certificate !== undefined) onCertificate(certificate);
    } else if (kind === ACCOUNT) {
      const account = accountOf(seal.open(kind, value));
      // Two that think they coordinate keep an account each.
      if (account === undefined || isCoordinator()) return;
      try {
        this.options.account.save(account);
      } catch (error) {
        this.options.onDiskError(error);
      }
    } else if (kind === HAVE) {
      const holdings = holdingsOf(value);
      if (holdings !== undefined && holdings.pop !== this.options.pop) this.asked(holdings);
    }
  }

  private asked({ isCoordinator, held }: SharedHoldings): void {
    const isOurs = this.options.isCoordinator();
    if (!isOurs && !isCoordinator) return;
    for (const keeping of this.options.keepings()) {
      const theirs = held.get(keeping.wanted.name);
      const ours = keeping.signed?.notBeforeMs ?? 0;
      if (theirs !== undefined && ours > theirs) this.send(keeping);
    }
    if (!isOurs) return;
    this.sendAccount();
    this.options.onAsked();
  }

  /** Who publishes does not wait; what is lost is asked for again by the next `announce`. */
  private publish(kind: string, value: unknown): void {
    void Promise.resolve(this.options.sharing.publish(kind, value)).catch(() => {});
  }
}
