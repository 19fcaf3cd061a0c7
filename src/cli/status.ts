/** `plinth status`: what a running process says about itself, asked at its admin door. */
import { get } from 'node:http';
import type { Command } from 'commander';
import { adminConfig, type StatusReport } from '../console/index.ts';
import { formatDuration } from '../core/config/index.ts';
import { addConfigOptions, type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

/** How long an answer may take, milliseconds. */
const ANSWER_WAIT_MS = 5_000;
/** An answer larger than this does not come from an admin door, bytes. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

interface Options extends ConfigOptions {
  readonly json?: boolean;
  readonly admin?: string;
}

export function addStatus(program: Command, context: CommandContext): void {
  const { host, exit } = context;
  addConfigOptions(program.command('status'))
    .description('show what a running Plinth does')
    .option('-a, --admin <host:port>', 'admin address (default: that of the configuration)')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      `
Exits with 0 when every system is ready, 1 when one is not, 69 when nobody answers.

Examples:
  $ plinth status
  $ plinth status --admin 10.0.0.5:9650 --json`,
    )
    .action(async (options: Options) => {
      let target = options.admin;
      if (target === undefined) {
        const loaded = loadFor(host, options);
        if (!loaded.ok) {
          tellProblems(context, loaded.problems, options.json ?? false);
          return;
        }
        const admin = loaded.config.of(adminConfig);
        target = `${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
      }
      const url = URL.parse(`http://${target}/status`);
      if (url === null) {
        host.err(`plinth: --admin is ${JSON.stringify(target)}, wanted host:port\n`);
        exit(exitCode('usage'));
        return;
      }
      const answer = await ask(url);
      if (!answer.ok) {
        host.err(`plinth: no Plinth answers at ${target} (${answer.why}); is it up?\n`);
        exit(exitCode('notRunning'));
        return;
      }
      host.out(
        options.json ? `${JSON.stringify(answer.report, null, 2)}\n` : reportText(answer.report),
      );
      if (!answer.report.ready) exit(exitCode('notReady'));
    });
}

/** The report for people. */
export function reportText(report: StatusReport): string {
  const up = formatDuration(Math.max(1000, Math.floor(report.uptimeMs / 1000) * 1000));
  const head = `Plinth ${report.version}, process ${report.pid}, up for ${up}, ${report.ready ? 'ready' : 'not ready'}\n\n`;
  const systems = table(
    report.systems.map(({ name, state, listening }) => [
      name,
      state,
      listening.map((each) => `${each.protocol} ${each.host}:${each.port}`).join(', '),
    ]),
  );
  const facts = report.systems.flatMap(({ name, facts }) =>
    Object.entries(facts).map(([fact, value]) => [`${name}.${fact}`, String(value)]),
  );
  return facts.length === 0 ? head + systems : `${head}${systems}\n${table(facts)}`;
}

type Answer =
  | { readonly ok: true; readonly report: StatusReport }
  | { readonly ok: false; readonly why: string };

function ask(url: URL): Promise<Answer> {
  return new Promise((resolve) => {
    const no = (why: string): void => resolve({ ok: false, why });
    const request = get(url, { timeout: ANSWER_WAIT_MS, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer has no end'));
      });
      response.on('end', () => {
        const report = parseReport(body);
        if (report === undefined) no('something else answers there');
        else resolve({ ok: true, report });
      });
    });
    request.on('timeout', () =>
      request.destroy(new Error(`no answer in ${ANSWER_WAIT_MS / 1000} s`)),
    );
    request.on('error', (error: NodeJS.ErrnoException) => no(error.code ?? error.message));
  });
}

function parseReport(body: string): StatusReport | undefined {
  try {
    const report = JSON.parse(body) as Partial<StatusReport> | null;
    return typeof report?.ready === 'boolean' && Array.isArray(report.systems)
      ? (report as StatusReport)
      : undefined;
  } catch {
    return undefined;
  }
}
