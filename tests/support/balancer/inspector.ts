/** Asks a process that was started with `--inspect` what it holds, by the Chrome DevTools protocol. */

/**
 * Heap and memory outside of it that objects hold, and the active resources as words. Compiled code is not among
 * it: that grows for as long as something runs for the first time, or often enough to be compiled anew.
 */
const EXPRESSION = `(() => {
  const { heapUsed, external } = process.memoryUsage();
  let code = 0;
  for (const { space_name, space_used_size } of process.getBuiltinModule('node:v8').getHeapSpaceStatistics()) {
    if (/^(code|trusted)_/.test(space_name)) code += space_used_size;
  }
  const held = heapUsed + external - code;
  return JSON.stringify({ held, resources: process.getActiveResourcesInfo() });
})()`;

export interface Held {
  readonly heldBytes: number;
  readonly resources: Readonly<Record<string, number>>;
}

export class Inspector {
  private readonly socket: WebSocket;
  private readonly answers = new Map<number, (result: unknown) => void>();
  private id = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id === undefined) return;
      this.answers.get(id)?.(result);
      this.answers.delete(id);
    });
  }

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)));
    });
    return new Inspector(socket);
  }

  /** What is held behind a collection. Two of them: the first runs finalizers that let go of more. */
  async held(): Promise<Held> {
    await this.send('HeapProfiler.collectGarbage');
    await this.send('HeapProfiler.collectGarbage');
    const { result } = (await this.send('Runtime.evaluate', { expression: EXPRESSION })) as {
      result: { value: string };
    };
    const { held, resources } = JSON.parse(result.value) as { held: number; resources: string[] };
    const counts: Record<string, number> = {};
    for (const name of resources) counts[name] = (counts[name] ?? 0) + 1;
    return { heldBytes: held, resources: counts };
  }

  close(): void {
    this.socket.close();
  }

  private send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.id;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.answers.set(id, resolve);
    this.socket.send(JSON.stringify({ id, method, params }));
    return promise;
  }
}
