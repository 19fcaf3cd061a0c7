/**
 * Streams between this process and others: listening is `Transport`, dialling is here.
 */
import type { ByteStream, ListenAddress, Transport } from './transport.ts';

export interface DialOptions {
  readonly address: ListenAddress;
  /** Time for the connection to be made, milliseconds. */
  readonly timeoutMs: number;
}

export interface Network extends Transport {
  /** @throws with code ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENOENT. */
  dial(options: DialOptions): Promise<ByteStream>;
}
