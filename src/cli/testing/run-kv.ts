/** For tests: runs `plinth kv ...` in this process, with nothing configured, and keeps what it says. */
import { path, section } from '../../core/config/index.ts';
import { kvConfig } from '../../kv/config/index.ts';
import { runCli } from '../program.ts';

export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

const sections = [
  section('node', 'x', { data: path({ default: 'plinth-data', about: 'x' }) }),
  kvConfig,
];

export async function runKv(...args: readonly string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const code = await runCli(['kv', ...args], {
    version: '1.2.3',
    sections,
    environment: {},
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    up: async () => 0,
    lab: async () => 0,
  });
  return { ...said, code };
}
