/** An authority that does what a test has planned; nothing of the program imports it. */
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../../core/runtime/index.ts';
import { AcmeError, type AcmeErrorCode, type AcmeErrorFacts } from '../acme-error.ts';
import type { Authority, CertificateOrder, ChallengeBoard, RenewalWindow } from '../authority.ts';
import type { Pair } from '../certificate-facts.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
let serial = 1000;
const issuerKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** A certificate that a test authority has signed. */
export async function signedPair(
  names: readonly string[],
  notBeforeMs: number,
  notAfterMs: number,
): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: String(++serial),
    issuer: 'CN=Test authority',
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: ALGORITHM,
    signingKey: issuerKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuerKeys.publicKey),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { chain: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

/** How long an answer takes. */
const ANSWER_MS = 50;

export function no(code: AcmeErrorCode, facts: AcmeErrorFacts = {}): AcmeError {
  return new AcmeError(code, 'as planned', facts);
}

export class FakeAuthority implements Authority {
  readonly directory: string;
  /** What comes of orders, one after another; behind the last one they are refused. */
  plan: (Pair | AcmeError)[] = [];
  /** What it says of renewal. */
  window: RenewalWindow | undefined;
  readonly orders: { readonly atMs: number; readonly order: CertificateOrder }[] = [];
  /** Orders under way at a time, at most. */
  mostAtOnce = 0;
  wishesAsked = 0;
  private underWay = 0;
  private readonly clock: Clock;

  constructor(clock: Clock, directory = 'https://ca.test/directory') {
    this.clock = clock;
    this.directory = directory;
  }

  async obtain(order: CertificateOrder, _board: ChallengeBoard): Promise<Pair> {
    this.orders.push({ atMs: this.clock.wallMs(), order });
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.underWay);
    await this.pause();
    this.underWay--;
    const next = this.plan.shift() ?? no('refused');
    if (next instanceof AcmeError) throw next;
    return next;
  }

  async renewalWindow(): Promise<RenewalWindow | undefined> {
    this.wishesAsked++;
    await this.pause();
    return this.window;
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(ANSWER_MS, resolve));
  }
}
