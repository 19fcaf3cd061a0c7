/**
 * Buckets with S3's object lock keep their versions from whoever may not take them: what would change or take
 * versions past the lock is not done by this door. New files and deletes of files make versions, and may be.
 */
import type { Path } from '../namespace/chain.ts';
import { documentName } from '../objects/buckets.ts';
import type { Call } from './call.ts';
import { denied } from './errors.ts';

/** @throws RemoteException AccessControlException */
export async function notLocked({ files }: Call, ...paths: readonly Path[]): Promise<void> {
  for (const bucket of new Set(paths.map(([first]) => first))) {
    if (bucket === undefined) continue;
    const lock = await files.namespace.reader.document([bucket], documentName('object-lock'));
    if (lock !== null) throw denied(`the bucket ${bucket} has an object lock`);
  }
}
