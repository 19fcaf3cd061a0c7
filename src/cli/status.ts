/** `plinth status`: what a running process says about itself, asked at its admin door. */
import type { Command } from 'commander';
import type { StatusReport } from '../console/index.ts';
import { formatDuration } from '../core/config/index.ts';
import {
  type AdminOptions,
  addAdminOptions,
  adminDoor,
  askAdmin,
  parsed,
  tellNobody,
} from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

export function addStatus(program: Command, context: CommandContext): void {
  const { host, exit } = context;
  addAdminOptions(program.command('status'))
    .description('show what a running Plinth does')
    .addHelpText(
      'after',
      `
Exits with 0 when every system is ready, 1 when one is not, 69 when nobody answers.

Examples:
  $ plinth status
  $ plinth status --admin 10.0.0.5:9650 --json`,
    )
    .action(async (options: AdminOptions) => {
      const door = adminDoor(context, options);
      if (door === undefined) return;
      const answer = await askAdmin(door, { method: 'GET', path: '/status' });
      const report = answer.ok ? asReport(parsed(answer.body)) : undefined;
      if (report === undefined) {
        tellNobody(context, door, answer.ok ? 'something else answers there' : answer.why);
        return;
      }
      host.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
      if (!report.ready) exit(exitCode('notReady'));
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

function asReport(value: unknown): StatusReport | undefined {
  const report = value as Partial<StatusReport> | null | undefined;
  return typeof report?.ready === 'boolean' && Array.isArray(report.systems)
    ? (report as StatusReport)
    : undefined;
}
