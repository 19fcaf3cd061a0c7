/** A module for the tests of workers: a thread that meets a bug of ours. */
import { invariant } from '../../base/index.ts';

export function run(): void {
  invariant(false, 'broken on purpose');
}
