/**
 * Replicas that are to go, told to each node in groups, one group at a time. What a node can not be told now it is told
 * when it reports: nobody names it then.
 *
 * Bound: `QUEUED_MAX` names for each node; more wait for its report.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { BlockName } from '../blocks/format.ts';
import { FilesError } from '../errors.ts';
import { NAMES_MAX } from '../transfer/messages.ts';
import { translated } from '../translate.ts';

const COLLECT_MS = 20;
const QUEUED_MAX = 200_000;

export interface DeleteQueueOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws FilesError, LsmError. */
  delete(node: string, names: readonly BlockName[]): Promise<void>;
}

interface Row {
  names: BlockName[];
  running: Promise<void> | undefined;
}

export class DeleteQueue {
  private readonly options: DeleteQueueOptions;
  private readonly rows = new Map<string, Row>();

  constructor(options: DeleteQueueOptions) {
    this.options = options;
  }

  /** Resolves when the node was told, or could not be. */
  add(node: string, names: readonly BlockName[]): Promise<void> {
    let row = this.rows.get(node);
    if (row === undefined) {
      row = { names: [], running: undefined };
      this.rows.set(node, row);
    }
    if (row.names.length + names.length <= QUEUED_MAX) row.names.push(...names);
    row.running ??= this.work(node, row);
    return row.running;
  }

  private async work(node: string, row: Row): Promise<void> {
    const { clock, logger } = this.options;
    // Many come at a time, of files that were deleted together.
    await new Promise<void>((resolve) => void clock.setTimer(COLLECT_MS, resolve));
    while (row.names.length > 0) {
      const some = row.names.splice(0, NAMES_MAX);
      try {
        await this.options.delete(node, some);
      } catch (thrown) {
        const error = translated(thrown, 'the blocks');
        if (!(error instanceof FilesError)) throw error;
        logger.debug('replicas are deleted later', { node, blocks: some.length, err: error });
      }
    }
    this.rows.delete(node);
  }

  /** All that was to be told is. */
  async idle(): Promise<void> {
    while (this.rows.size > 0) await Promise.all([...this.rows.values()].map((row) => row.running));
  }
}
