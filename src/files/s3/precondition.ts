/** Whether a version is what a precondition demands. Stores judge by this in the step that changes it. */
import type { ObjectVersion, Precondition, Refusal } from './object-store.ts';

/** Null: it holds. A delete marker counts as nothing there. */
export function judge(
  version: ObjectVersion | undefined,
  precondition: Precondition | undefined,
): Refusal | null {
  if (precondition === undefined) return null;
  const { exists, etag, lastModifiedSeconds, sizeBytes, revision } = precondition;
  const there = version !== undefined && !version.isDeleteMarker;
  if (exists === false) return there ? 'precondition-failed' : null;
  if (exists === true && !there) return 'no-such-key';
  if (revision !== undefined && version?.revision !== revision) return 'precondition-failed';
  const asks = etag !== undefined || lastModifiedSeconds !== undefined || sizeBytes !== undefined;
  if (!asks) return null;
  if (!there) return 'no-such-key';
  const fits =
    (etag === undefined || version.etag === etag) &&
    (sizeBytes === undefined || version.sizeBytes === sizeBytes) &&
    (lastModifiedSeconds === undefined ||
      Math.floor(version.lastModifiedMs / 1000) === lastModifiedSeconds);
  return fits ? null : 'precondition-failed';
}
