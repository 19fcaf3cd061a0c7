/** Sections of INFO by command and by error: commandstats, errorstats, latencystats. */
import type { Engine } from '../engine/engine.ts';
import type { Fields } from './section.ts';

/** Commands that were called or refused since the last CONFIG RESETSTAT. */
export function commandFields(engine: Engine): Fields {
  return engine.commands.all
    .filter(({ latency, rejected }) => latency.count > 0 || rejected > 0)
    .map(({ fullName, latency, rejected, failed }) => {
      const calls = latency.count;
      const micros = latency.sum * 1000;
      const each = calls === 0 ? 0 : micros / calls;
      return [
        `cmdstat_${fullName}`,
        `calls=${calls},usec=${Math.round(micros)},usec_per_call=${each.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`,
      ] as const;
    });
}

export function errorFields(engine: Engine): Fields {
  return [...engine.stats.errors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const);
}

/** Percentiles are interpolated within the buckets of the command's histogram. */
export function latencyFields(engine: Engine): Fields {
  const { latencyTracking, latencyTrackingInfoPercentiles: percentiles } = engine.settings;
  if (!latencyTracking || percentiles.length === 0) return [];
  return engine.commands.all
    .filter(({ latency }) => latency.count > 0)
    .map(({ fullName, latency }) => {
      const values = percentiles.map(
        (p) => `p${p}=${(latency.quantile(p / 100) * 1000).toFixed(3)}`,
      );
      return [`latency_percentiles_usec_${fullName}`, values.join(',')] as const;
    });
}
