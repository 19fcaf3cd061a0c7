/** Settings for tests, as the configuration file would give them; nothing of the program imports it. */
import { loadConfig, problemText } from '../../core/config/index.ts';
import { type BalancerSettings, balancerConfig, type PoolSettings } from '../config/config.ts';

/** The section with these lines of YAML, indented by nothing. @throws Error when they are wrong. */
export function balancerSettings(yaml: string): BalancerSettings {
  const lines = yaml.split('\n').map((line) => `  ${line}`);
  const loaded = loadConfig([balancerConfig], {
    file: { name: 'balancer', text: `balancer:\n${lines.join('\n')}\n` },
    readFile: () => '',
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'));
  return loaded.config.of(balancerConfig);
}

/** The pool `app` with these lines of YAML, indented by nothing. @throws Error when they are wrong. */
export function poolSettings(yaml = ''): PoolSettings {
  const lines = yaml.split('\n').map((line) => `    ${line}`);
  return balancerSettings(`pools:\n  - name: app\n${lines.join('\n')}`).pools[0] as PoolSettings;
}
