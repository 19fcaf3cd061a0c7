/** One row of the table of operations. */
import type { Reply } from './reply.ts';
import type { BucketCall, Call } from './service.ts';

/** What the request's target must be: the service, a bucket, or an object in it. */
export type Resource = 'service' | 'bucket' | 'object';

interface OperationRow {
  /** The name in the API reference. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Parameters of the query that must be there; the row with the most of them is the one. */
  readonly query?: readonly string[];
  /** Parameters of the query with a value that they must have. */
  readonly queryIs?: readonly (readonly [name: string, value: string])[];
  /** Fields of the head that must be there. */
  readonly headers?: readonly string[];
  /** What a policy must allow, null: the operation sees to it. */
  readonly action: string | null;
  /** The same when the query names a version. */
  readonly versionAction?: string;
  /** Its body brings tags: where a policy asks about them the operation judges when it has read them. */
  readonly bringsTags?: true;
  /** What an ACL must grant, of the bucket or of the object; without it the owner alone may. */
  readonly grant?: { readonly of: 'bucket' | 'object'; readonly permission: Grantable };
}

export type Grantable = 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';

export type Operation =
  | (OperationRow & { readonly on: 'service'; run(call: Call): Promise<Reply> })
  /** `makes`: the bucket need not be there. */
  | (OperationRow & {
      readonly on: 'bucket';
      readonly makes: true;
      run(call: Call): Promise<Reply>;
    })
  | (OperationRow & {
      readonly on: 'bucket' | 'object';
      readonly makes?: false;
      run(call: BucketCall): Promise<Reply>;
    });
