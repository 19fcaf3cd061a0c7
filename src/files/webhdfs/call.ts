/** One call of an operation: who asks, for what, and on what it runs. And the row that an operation is. */
import type { Path } from '../namespace/chain.ts';
import type { Caller } from '../namespace/permission.ts';
import type { FileSystem } from '../objects/file-system.ts';
import type { Place } from './locate.ts';
import { type Parameters, type Query, readParameters, type ValuesOf } from './parameters.ts';
import type { Reply } from './reply.ts';
import type { TrashTimes } from './trash.ts';

/** What the door serves, swapped whole by a change of settings. */
export interface Service {
  readonly files: FileSystem;
  /** `host:port` of redirects; undefined: where the client has come to. */
  readonly advertised: string | undefined;
  readonly superuser: string;
  /** Who asks without a name. */
  readonly anonymous: string;
  readonly trash: TrashTimes;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** A directory of the root has come, gone or changed. */
  onRootChange(): void;
}

export interface Call {
  readonly service: Service;
  readonly files: FileSystem;
  readonly caller: Caller;
  readonly place: Place;
  readonly query: Query;
  /** Unix ms. */
  readonly nowMs: number;
  /** This request is the one that data go with. */
  readonly isDataStep: boolean;
  /** Sends the client to the data step. */
  redirect(): Reply;
  /** `host:port` that the client has come to. */
  readonly authority: string;
  /** Begun by whoever reads it. */
  readonly body: AsyncIterable<Buffer>;
  /** Undefined: not known. */
  readonly bodyBytes: number | undefined;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface Operation {
  readonly op: string;
  readonly method: Method;
  readonly parameters: Parameters;
  run(call: Call): Promise<Reply>;
}

/** A row of the table: its parameters are read before it runs. */
export function operation<P extends Parameters>(row: {
  readonly op: string;
  readonly method: Method;
  readonly parameters: P;
  run(call: Call, values: ValuesOf<P>): Promise<Reply> | Reply;
}): Operation {
  const { op, method, parameters } = row;
  return {
    op,
    method,
    parameters,
    run: async (call) => row.run(call, readParameters(parameters, call.query)),
  };
}

/** Tells the other door when a bucket may have changed. */
export function noteChange({ service }: Call, ...paths: readonly Path[]): void {
  if (paths.some((path) => path.length <= 1)) service.onRootChange();
}
