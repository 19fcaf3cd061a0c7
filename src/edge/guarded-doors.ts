/** The guard at the listeners for users; other listeners of the balancer, and that of PoPs, are none of its business. */
import type { RequestEnding } from '../core/downstream/index.ts';
import type { DoorWatch, Exchange } from '../core/http/index.ts';
import { HTTP_LISTENER, HTTPS_LISTENER } from './expand/index.ts';
import type { Guard } from './guard/index.ts';

export class GuardedDoors implements DoorWatch {
  private readonly guard: Guard;

  constructor(guard: Guard) {
    this.guard = guard;
  }

  admits(listener: string, address: string): boolean {
    return !isForUsers(listener) || this.guard.admits(address);
  }

  ended(listener: string, exchange: Exchange, ending: string): void {
    if (isForUsers(listener)) this.guard.ended(exchange, ending as RequestEnding);
  }
}

function isForUsers(listener: string): boolean {
  return listener === HTTP_LISTENER || listener === HTTPS_LISTENER;
}
