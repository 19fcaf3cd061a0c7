/**
 * acme-client as we use it: for what RFC 8555 signs. Its requests go through `DirectoryHttp`, because its own repeat
 * themselves for as long as an authority says, trust no authority of ours and hide what an error was.
 *
 * Invariants: loaded when first needed; an answer that says no is an `AcmeError`, but for a nonce that is refused,
 * which acme-client answers with another one (RFC 8555 section 6.5).
 */
import type { Client } from 'acme-client';
import { InvariantError, invariant } from '../../core/base/index.ts';
import type { Account, AccountFile } from './account-file.ts';
import { AcmeError } from './acme-error.ts';
import type { AcmeSettings } from './acme-fields.ts';
import { problemOf, refusalOf } from './acme-messages.ts';
import { type DirectoryHttp, type DirectoryResponse, retryAfterMsOf } from './directory-http.ts';

/** A client whose authority knows its account. */
export interface KnownClient {
  readonly client: Client;
  /** What the last answer has asked for, milliseconds; undefined: nothing. */
  retryAfterMs(): number | undefined;
}

export interface KnownClientOptions {
  readonly settings: AcmeSettings;
  readonly account: AccountFile;
  readonly http: DirectoryHttp;
  wallMs(): number;
}

/** Where version 5.4.0, which package.json names, sends its requests. */
interface ClientInside {
  readonly http: {
    request(
      url: string,
      method: string,
      options?: { readonly data?: unknown },
    ): Promise<DirectoryResponse>;
  };
}

/** @throws AcmeError */
export async function knownClient(options: KnownClientOptions): Promise<KnownClient> {
  const { settings, account } = options;
  const stored = account.load();
  const fitting = stored?.directory === settings.directory ? stored : await newAccount(options);
  const { client, retryAfterMs } = await clientFor(fitting, options);
  if (fitting.url === null || fitting.contact.join() !== settings.contact.join()) {
    const contact = settings.contact.map((address) => `mailto:${address}`);
    if (fitting.url === null) await client.createAccount({ termsOfServiceAgreed: true, contact });
    else await client.updateAccount({ contact });
    account.save({ ...fitting, url: client.getAccountUrl(), contact: settings.contact });
  }
  return { client, retryAfterMs };
}

/** The authority does not know the account any more: it is made known with the same key by the next `knownClient`. */
export function forgetAccountUrl(account: AccountFile): void {
  const stored = account.load();
  if (stored !== undefined) account.save({ ...stored, url: null });
}

/** A new key for each authority; on disk before anybody is told of it. */
async function newAccount({ settings, account }: KnownClientOptions): Promise<Account> {
  const { default: acme } = await import('acme-client');
  const key = (await acme.crypto.createPrivateEcdsaKey()).toString();
  const made: Account = { key, directory: settings.directory, url: null, contact: [] };
  account.save(made);
  return made;
}

async function clientFor(account: Account, options: KnownClientOptions): Promise<KnownClient> {
  const { default: acme } = await import('acme-client');
  const { settings, http, wallMs } = options;
  const { eabKeyId: kid, eabHmacKey } = settings;
  const client = new acme.Client({
    directoryUrl: settings.directory,
    accountKey: account.key,
    ...(account.url !== null && { accountUrl: account.url }),
    ...(kid !== undefined &&
      eabHmacKey !== undefined && {
        externalAccountBinding: { kid, hmacKey: eabHmacKey.reveal() },
      }),
  });
  const inside = (client as unknown as ClientInside).http;
  invariant(typeof inside?.request === 'function', 'requests of acme-client are where they were');
  let retryAfterMs: number | undefined;
  inside.request = async (url, method, { data } = {}) => {
    const response = await http.ask(url, { method, data });
    retryAfterMs = retryAfterMsOf(response.headers['retry-after'], wallMs());
    const isNonce = response.status === 400 && problemOf(response.data) === 'badNonce';
    if (response.status >= 400 && !isNonce) throw refusalOf(response, wallMs());
    return response;
  };
  return { client, retryAfterMs: () => retryAfterMs };
}

/** What acme-client throws of its own are sentences about answers that it can not use. */
export async function inOurWords<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof AcmeError || cause instanceof InvariantError) throw cause;
    if (isDiskError(cause)) throw new AcmeError('disk', cause.message, { cause });
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AcmeError('malformed', message, { cause });
  }
}

function isDiskError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));
}
