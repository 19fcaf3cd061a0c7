/** The settings of the process itself: its data folder, its end, its log. */
import { choice, duration, path, section, text } from './core/config/index.ts';
import { LOG_LEVELS } from './core/observe/index.ts';

export const nodeConfig = section('node', 'The process: where its data lives and how it ends.', {
  data: path({
    default: 'plinth-data',
    about: 'Folder of all data; each system keeps a folder in it. Made when missing.',
    change: 'Change it to put the data on a disk of its own.',
  }),
  drainMs: duration({
    default: 10_000,
    max: 3_600_000,
    reloadable: true,
    about: 'How long a stopping process lets running requests end.',
    change: 'Raise it when requests may take longer; an orchestrator must wait longer than this.',
  }),
});

export const logConfig = section('log', 'The log: JSON lines.', {
  level: choice(LOG_LEVELS, {
    default: 'info',
    reloadable: true,
    about: 'Lines below this level are not written.',
    change: 'Set debug to look into a problem, warn where lines cost money.',
  }),
  output: choice(['stderr', 'stdout'], {
    default: 'stderr',
    about: 'Where lines go; what `plinth up` prints for people goes to stdout.',
    change: 'Set stdout where a collector reads only that.',
  }),
});

export const otlpConfig = section('otlp', 'Export of metrics to an OpenTelemetry collector.', {
  endpoint: text({
    default: undefined,
    pattern: /^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/,
    wanted: 'an http or https address such as http://127.0.0.1:4318',
    about: 'Collector that metrics are sent to by OTLP over HTTP (JSON); without it none are sent.',
    change: 'Set it where a collector gathers metrics instead of a Prometheus.',
  }),
  everyMs: duration({
    default: 15_000,
    min: 1000,
    max: 3_600_000,
    about: 'How often metrics are sent.',
  }),
});
