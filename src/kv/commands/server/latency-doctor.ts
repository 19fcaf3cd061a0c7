/** LATENCY DOCTOR: what the samples say, in sentences. */
import type { Engine } from '../../engine/engine.ts';
import { type LatencyEvent, latencyEvents } from '../../engine/latency.ts';

/** What an operator may do about an event. */
const ADVICE: Readonly<Record<LatencyEvent, string>> = {
  command:
    'Look at SLOWLOG GET for the commands, and prefer SCAN and its kin to commands that return everything.',
  'fast-command':
    'Commands that should be fast were not: look for a busy machine, swapping, or a slow virtual machine.',
  'expire-cycle':
    'Many keys expire at the same time: spread their times, or lower active-expire-effort.',
  'eviction-cycle': 'Memory is at its limit: raise maxmemory, or write less.',
  'aof-write':
    'The disk is slow to take the log: look at its load, or choose appendfsync everysec.',
};

export function doctorReport(engine: Engine): string {
  if (engine.settings.latencyMonitorThreshold === 0) {
    return 'Latency monitoring is disabled. Use CONFIG SET latency-monitor-threshold <milliseconds> to enable it.\n';
  }
  const events = [...engine.latency.all()];
  if (events.length === 0) {
    return 'No latency spike was observed since the monitoring began or was reset.\n';
  }
  const parts = events.map(([event, { samples, maxMs }], i) => {
    const sum = samples.reduce((total, { ms }) => total + ms, 0);
    const first = samples[0]!.time;
    const last = samples.at(-1)!.time;
    const average = (sum / samples.length).toFixed(0);
    const period = samples.length < 2 ? 0 : (last - first) / (samples.length - 1);
    return (
      `${i + 1}. ${event} (${latencyEvents[event]}): ${samples.length} latency spikes, average ${average} ms, ` +
      `one every ${period.toFixed(2)} s. Worst all time event ${maxMs} ms.\n   ${ADVICE[event]}\n`
    );
  });
  return `Latency spikes were observed:\n\n${parts.join('\n')}`;
}
