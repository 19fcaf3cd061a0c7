/** docs/balancer-metrics.md: what the balancer tells Prometheus, a row for each metric. */
import { balancerMetricTable } from '../src/balancer/index.ts';

export function balancerMetricsPage(): string {
  const rows = balancerMetricTable().map(({ name, type, labels = [], help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
  });
  return `# Metrics of the balancer

\`GET /metrics\` on the admin door has them, in the text format of Prometheus. Names of listeners, routes, pools and servers are those of the configuration, or those under which servers were found; the other labels have values from tables in the code, so nothing that a client sends makes another series. Counters begin anew when the process does, or when what they are of is removed and added again.

| metric | type | labels | what |
| --- | --- | --- | --- |
${rows.join('\n')}

What clients got is in \`plinth_balancer_requests_total\`, what servers answered in \`plinth_balancer_server_responses_total\`: they differ by retries and by what was answered without a server. Failures of a server, a second: \`rate(plinth_balancer_server_attempts_total{result="failure"}[5m])\`.
`;
}
