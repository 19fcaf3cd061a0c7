/** The life of the lab: the real world around it, what it prints, and its end by Ctrl-C. */
import { resolve } from 'node:path';
import { exitCode, type Host, type LabRequest } from './cli/index.ts';
import { createLogger } from './core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeNetwork,
  createNodeRandom,
  createNodeSpawn,
  createNodeTransport,
} from './core/runtime/node/index.ts';
import { createSimRandom } from './core/runtime/sim/index.ts';
import { Lab, labText } from './edge/lab/index.ts';
import { startFailure } from './start-failure.ts';

export interface LabOptions extends LabRequest {
  readonly environment: Host['environment'];
  readonly out: Host['out'];
  readonly err: Host['err'];
}

/** Runs until it is told to stop; gives the exit code. */
export async function runLab(options: LabOptions): Promise<number> {
  const { wanted, folder, out, err } = options;
  const log = createLogger({ level: 'info', sink: { fd: 2 } });
  const stopped = Promise.withResolvers<void>();
  const stop = (): void => stopped.resolve();
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const main = new URL('./main.ts', import.meta.url).pathname;
  const lab = new Lab(wanted, resolve(folder), {
    network: createNodeNetwork(await createNodeTransport()),
    clock: createNodeClock(),
    random: createSimRandom(wanted.seed),
    secrets: createNodeRandom(),
    disk: createNodeDisk(),
    spawn: createNodeSpawn(),
    log: log.child('lab'),
    program: [process.execPath, main],
    environment: withoutSettings(options.environment),
  });
  try {
    await lab.start();
  } catch (error) {
    const { sentence, exit } = startFailure(error);
    err(`plinth: ${sentence}\n`);
    await log.close();
    return exit;
  }
  const { plan, file, processes } = lab;
  out(labText({ plan, file, processes, command: 'npm run -s plinth --' }));
  await stopped.promise;
  await lab.stop();
  await log.close();
  return exitCode('ok');
}

function withoutSettings(environment: Host['environment']): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('PLINTH_'),
  );
  return Object.fromEntries(kept);
}
