/** LATENCY: what took long, and how the latencies of commands are spread. */
import type { Histogram } from '../../../core/observe/index.ts';
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import type { Command } from '../../command/table.ts';
import type { LatencySample } from '../../engine/latency.ts';
import { ReplyError } from '../../errors.ts';
import { helpSubcommand, replyHelp } from '../shared/help.ts';
import { doctorReport } from './latency-doctor.ts';
import { latencyGraph } from './latency-graph.ts';

function latest(call: Call): void {
  const { engine, reply } = call;
  const events = [...engine.latency.all()];
  reply.array(events.length);
  for (const [event, { samples, maxMs }] of events) {
    const last = samples.at(-1) as LatencySample;
    reply.array(4);
    reply.bulkText(event);
    reply.integer(last.time);
    reply.integer(last.ms);
    reply.integer(maxMs);
  }
}

function history(call: Call): void {
  const { args, engine, reply } = call;
  const samples = engine.latency.of(args.text(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { time, ms } of samples) {
    reply.array(2);
    reply.integer(time);
    reply.integer(ms);
  }
}

function graph(call: Call): void {
  const { args, engine, reply } = call;
  const event = args.text(2);
  const series = engine.latency.of(event);
  if (series === undefined) {
    throw new ReplyError(`ERR No samples available for event '${event.slice(0, 128)}'`);
  }
  reply.verbatim(latencyGraph(event, series, Math.floor(call.nowMs / 1000)));
}

function doctor(call: Call): void {
  call.reply.verbatim(doctorReport(call.engine));
}

function reset(call: Call): void {
  const names: string[] = [];
  for (let i = 2; i < call.count; i++) names.push(call.args.text(i));
  call.reply.integer(call.engine.latency.reset(names.length === 0 ? undefined : names));
}

/** Commands named, a container standing for its subcommands; without names all that were called. */
function histogramCommands(call: Call): Command[] {
  const { args, engine } = call;
  const found = new Set<Command>();
  const add = (command: Command): void => {
    if (command.latency.count > 0) found.add(command);
    for (const sub of command.subcommands.values()) add(sub);
  };
  if (call.count === 2) for (const command of engine.commands.top()) add(command);
  for (let i = 2; i < call.count; i++) {
    const command = engine.commands.get(args.text(i).toLowerCase());
    if (command !== undefined) add(command);
  }
  return [...found];
}

function histogram(call: Call): void {
  const { reply } = call;
  const commands = histogramCommands(call);
  reply.map(commands.length);
  for (const { fullName, latency } of commands) {
    const buckets = cumulative(latency);
    reply.bulkText(fullName);
    reply.map(2);
    reply.bulkText('calls');
    reply.integer(latency.count);
    reply.bulkText('histogram_usec');
    reply.map(buckets.length);
    for (const [micros, count] of buckets) {
      reply.integer(micros);
      reply.integer(count);
    }
  }
}

/** Calls that took at most so many microseconds, where that changes from one bound to the next. */
function cumulative({ bounds, counts, count, max }: Histogram): [number, number][] {
  const buckets: [number, number][] = [];
  let below = 0;
  for (const [i, bound] of bounds.entries()) {
    const here = counts[i] as number;
    below += here;
    if (here > 0) buckets.push([Math.round(bound * 1000), below]);
  }
  if (count > below) buckets.push([Math.ceil(max * 1000), count]);
  return buckets;
}

function help(call: Call): void {
  replyHelp(call, [
    ['DOCTOR', 'Return a human readable latency analysis report.'],
    ['GRAPH <event>', 'Return an ASCII latency graph for the <event> class.'],
    ['HISTORY <event>', 'Return time-latency samples for the <event> class.'],
    ['LATEST', 'Return the latest latency samples for all events.'],
    [
      'RESET [<event> ...]',
      'Reset latency data of one or more <event> classes.',
      '(default: reset all data for all event classes)',
    ],
    [
      'HISTOGRAM [COMMAND ...]',
      'Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
      'If no commands are specified then all histograms are replied.',
    ],
  ]);
}

const common = {
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  complexity: 'O(1)',
  since: '2.8.13',
} as const;
const tips = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'];

export const latencyCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'latency',
    arity: -2,
    flags: [],
    acl: [],
    complexity: 'Depends on the subcommand',
    summary: 'Commands about what took long.',
    syntax: '',
    subcommands: [
      {
        ...common,
        name: 'doctor',
        arity: 2,
        summary: 'Returns a report for people.',
        syntax: '',
        tips,
        run: doctor,
      },
      {
        ...common,
        name: 'graph',
        arity: 3,
        summary: 'Draws the samples of an event.',
        syntax: 'event',
        tips,
        run: graph,
      },
      {
        ...common,
        name: 'history',
        arity: 3,
        summary: 'Returns the samples of an event.',
        syntax: 'event',
        tips,
        run: history,
      },
      {
        ...common,
        name: 'latest',
        arity: 2,
        summary: 'Returns the last sample of every event.',
        syntax: '',
        tips,
        run: latest,
      },
      {
        ...common,
        name: 'histogram',
        arity: -2,
        since: '7.0.0',
        complexity: 'O(N) with N commands',
        summary: 'Returns how the latencies of commands are spread.',
        syntax: '[command [command ...]]',
        tips,
        run: histogram,
      },
      {
        ...common,
        name: 'reset',
        arity: -2,
        summary: 'Forgets the samples of events.',
        syntax: '[event [event ...]]',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        run: reset,
      },
      helpSubcommand({ ...common, run: help }),
    ],
  },
];
