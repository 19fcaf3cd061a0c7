/** The loads of the balancer's bench: what is asked for by name, and how. */
import { type Done, runH2load, runHandshakes, runWrk } from '../http/loads.ts';
import { BODIES, type BodyName } from './proxies.ts';

export type { Done } from '../http/loads.ts';

export type Load =
  | { readonly kind: 'wrk'; readonly body: BodyName; readonly connections: number }
  | { readonly kind: 'h2load'; readonly connections: number; readonly streams: number }
  | { readonly kind: 'handshakes' };

/** @param tls whether the port speaks it. */
export async function runLoad(
  load: Load,
  port: number,
  tls: boolean,
  seconds: number,
): Promise<Done> {
  const body = load.kind === 'wrk' ? load.body : 'one';
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}/${body}`;
  const asked = { url, bodyBytes: BODIES[body], seconds };
  switch (load.kind) {
    case 'wrk':
      return runWrk(asked, load.connections);
    case 'h2load':
      return runH2load(asked, load);
    case 'handshakes':
      return runHandshakes(asked);
  }
}
