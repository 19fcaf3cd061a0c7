/** Waiting that can be given up. */
import type { Clock } from '../../core/runtime/index.ts';
import { AcmeError } from './acme-error.ts';

/** @throws AcmeError 'stopped' */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clock.clearTimer(timer);
      reject(new AcmeError('stopped', ''));
    };
    const timer = clock.setTimer(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
