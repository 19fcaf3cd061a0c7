/**
 * The wire to one server: connections for a round, and commands sent in one write with all
 * their replies, or with the fault that came instead.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encode, RespClient } from '../../support/resp-client.ts';
import type { Reply } from '../../support/resp-reply.ts';
import type { Round, Side } from './round.ts';

/** How long a batch may take before the server counts as hanging, milliseconds. */
const batchLimitMs = 30_000;

/** Empties the server, sets it up, and opens both connections: the first speaks RESP2, the second RESP3. */
export async function openRound(
  side: Side,
  round: Round,
): Promise<readonly [RespClient, RespClient]> {
  const connect = async () => {
    const control = await RespClient.connect(side.address);
    await control.pipeline([['FLUSHALL'], ['FUNCTION', 'FLUSH'], ['SCRIPT', 'FLUSH']]);
    await control.pipeline(round.settings.map((setting) => ['CONFIG', 'SET', ...setting]));
    control.close();
    return [
      await RespClient.connect(side.address),
      await RespClient.connect(side.address, { resp: 3 }),
    ] as const;
  };
  try {
    return await connect();
  } catch {
    await side.revive();
    return connect();
  }
}

/** `fault` is set when not every reply came; `replies` are those that did. */
export type Outcome = { readonly replies: readonly Reply[]; readonly fault?: string };

/** Sends the commands in one write. Never rejects. */
export async function exchange(
  client: RespClient,
  commands: readonly (readonly string[])[],
): Promise<Outcome> {
  const got: Reply[] = [];
  const waits = commands.map(() => client.expect().then((reply) => got.push(reply)));
  const timer = new AbortController();
  try {
    client.raw(Buffer.concat(commands.map(encode)));
    const late = sleep(batchLimitMs, 'no reply in time', { signal: timer.signal });
    const fault = await Promise.race([Promise.all(waits).then(() => undefined), late]);
    return fault === undefined ? { replies: got } : { replies: got, fault };
  } catch (error) {
    return { replies: got, fault: String(error) };
  } finally {
    timer.abort();
    for (const wait of waits) wait.catch(() => {});
  }
}
