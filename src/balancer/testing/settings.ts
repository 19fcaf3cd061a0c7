/** Settings of pools for tests, as the configuration file would give them; nothing of the program imports it. */
import { loadConfig, problemText } from '../../core/config/index.ts';
import { balancerConfig, type PoolSettings } from '../config/config.ts';

/** The pool `app` with these lines of YAML, indented by nothing. @throws Error when they are wrong. */
export function poolSettings(yaml = ''): PoolSettings {
  const lines = yaml.split('\n').map((line) => `      ${line}`);
  const text = `balancer:\n  pools:\n    - name: app\n${lines.join('\n')}\n`;
  const loaded = loadConfig([balancerConfig], {
    file: { name: 'pool', text },
    readFile: () => '',
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'));
  return loaded.config.of(balancerConfig).pools[0] as PoolSettings;
}
