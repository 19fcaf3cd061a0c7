/** What operators can ask of the running file system beside its settings, one row each. */
import type {
  Operation,
  OperationAnswer,
  OperationCall,
  OperationRefused,
} from '../../core/base/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { fsck, fsckTarget } from '../fsck/fsck.ts';
import { fsckSource } from '../fsck/fsck-source.ts';
import { checksMax } from '../limits.ts';
import type { NameNode } from '../namenode/name-node.ts';
import type { FileSystem } from '../objects/file-system.ts';
import { translated } from '../translate.ts';
import { RemoteException } from '../webhdfs/errors.ts';
import { readPath } from '../webhdfs/names.ts';
import { filesStatus } from './files-status.ts';

const refusals = {
  'bad-body': [400, 'The body is not as it should be.'],
  'bad-path': [400, 'No path is written so.'],
  'not-found': [404, 'There is no such file or directory.'],
  'no-such-node': [404, 'There is no such DataNode.'],
  'not-dead': [409, 'The DataNode is not dead.'],
  'too-many': [429, 'As many checks as may be are under way.'],
  unavailable: [503, 'It can not be looked at now.'],
} as const;

function refuse(problem: keyof typeof refusals, detail: string): OperationRefused {
  const [status, title] = refusals[problem];
  return { ok: false, status, problem, title, detail };
}

export interface FilesAdminOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly scrubBytesPerSecond: number;
  /** Of several DataNodes; undefined: all blocks are on the disks of this process. */
  readonly nameNode?: NameNode | undefined;
}

export class FilesAdmin {
  readonly operations: readonly Operation[];
  private readonly options: FilesAdminOptions;
  private checks = 0;

  constructor(options: FilesAdminOptions) {
    this.options = options;
    this.operations = [
      {
        method: 'GET',
        path: '/status',
        about: 'Files, disks, the journal, and what was found damaged.',
        needsToken: false,
        run: () => ({ ok: true, body: filesStatus(options) }),
      },
      {
        method: 'POST',
        path: '/fsck',
        about:
          'Reads every block of every file below a path and tells what is wrong, line by line.',
        needsToken: true,
        run: (call) => this.fsck(call),
      },
      {
        method: 'DELETE',
        path: '/nodes/:node',
        about: 'Takes a dead DataNode from the list, for one that does not come back.',
        needsToken: true,
        run: (call) => this.forget(call),
      },
    ];
  }

  private forget({ names }: OperationCall): OperationAnswer {
    const { nameNode } = this.options;
    const node = names.node as string;
    const shown = nameNode?.status(0).nodes.find(({ id }) => id === node);
    if (nameNode === undefined || shown === undefined) {
      return refuse('no-such-node', `there is no DataNode ${node}`);
    }
    if (nameNode.forgetNode(node)) return { ok: true, body: { forgotten: node } };
    return refuse('not-dead', `${node} is ${shown.state}`);
  }

  private async fsck({ body }: OperationCall): Promise<OperationAnswer> {
    const path = pathOf(body);
    if (path === undefined) return refuse('bad-body', 'wanted { "path": a text }');
    if (this.checks >= checksMax) return refuse('too-many', `${checksMax} are under way`);
    const { files, clock, nameNode } = this.options;
    if (nameNode?.cluster.isSafeMode) {
      return refuse('unavailable', 'DataNodes have yet to say what they have (safe mode)');
    }
    // Counted at once: others may come while the path is looked up.
    this.checks++;
    let begun = false;
    try {
      const names = readPath(path);
      const facet = names.at(-1)?.facet ?? 'directory';
      const plain = names.map(({ name }) => name);
      const target = await fsckTarget(files.namespace.reader, plain, facet);
      begun = true;
      return {
        ok: true,
        stream: async (lines) => {
          try {
            await fsck(fsckSource(files, clock, nameNode), target, path, lines);
          } finally {
            this.checks--;
          }
        },
      };
    } catch (thrown) {
      return refusalOf(thrown, path);
    } finally {
      if (!begun) this.checks--;
    }
  }
}

/** Undefined: the body is none. Without a path everything is meant. */
function pathOf(body: unknown): string | undefined {
  if (body === undefined) return '/';
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { path = '/', ...others } = body as Record<string, unknown>;
  return typeof path === 'string' && Object.keys(others).length === 0 ? path : undefined;
}

/** @throws what is a bug */
function refusalOf(thrown: unknown, path: string): OperationRefused {
  if (thrown instanceof RemoteException) return refuse('bad-path', thrown.message);
  const error = translated(thrown, 'the namespace');
  if (!(error instanceof FilesError)) throw error;
  if (error.code === 'not-found') return refuse('not-found', `there is no ${path}`);
  const isName = error.code === 'name-too-long' || error.code === 'too-deep';
  return refuse(isName || error.code === 'bad-name' ? 'bad-path' : 'unavailable', error.message);
}
