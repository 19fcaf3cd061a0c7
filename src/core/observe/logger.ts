/**
 * JSON lines by pino, one event a line, for machines first.
 *
 * Invariants:
 * - The event loop never waits for the log: lines are buffered and written aside; when the reader is too
 *   slow and LOG_BUFFER_BYTES_MAX are waiting, further lines are dropped and counted.
 * - Passwords do not reach the log: values of the config type `Secret` print themselves as `[secret]`,
 *   and fields with the names below are replaced.
 */
import { pino } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Waiting bytes beyond which lines are dropped rather than kept. */
export const LOG_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** How long `close` waits for a reader of the log, milliseconds. */
const CLOSE_WAIT_MS = 500;

/** Facts that belong to an event; an `Error` goes under `error`. */
export type LogFields = Readonly<Record<string, unknown>>;
type LogMethod = (event: string, fields?: LogFields) => void;

/** A log of events: a constant sentence and the facts beside it. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger whose lines carry `system`, and these facts, on each line. */
  child(system: string, fields?: LogFields): Logger;
  /** True when a line of this level would be written; for facts that are costly to gather. */
  enabled(level: LogLevel): boolean;
}

/** The logger that owns its sink. */
export interface RootLogger extends Logger {
  /** Change the level of this logger and all its children. */
  setLevel(level: LogLevel): void;
  /** Lines lost because the reader was too slow or gone. */
  dropped(): number;
  /** Write out what waits, for half a second at most. */
  close(): Promise<void>;
}

/** Where lines go: a file descriptor, or a function for tests. */
export type LogSink = { readonly fd: number } | { write(line: string): void };

const SECRET_FIELDS = ['password', 'secret', 'token', 'authorization', 'cookie', 'privateKey'];

export function createLogger(options: { level: LogLevel; sink: LogSink }): RootLogger {
  const sink = openSink(options.sink);
  // One threshold for the root and all children, so that a changed level holds at once everywhere.
  const threshold = { index: LOG_LEVELS.indexOf(options.level) };
  const root = pino(
    {
      level: 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
        censor: '[secret]',
      },
    },
    sink,
  );
  return {
    ...wrapped(root, threshold),
    setLevel(level) {
      threshold.index = LOG_LEVELS.indexOf(level);
    },
    dropped: sink.dropped,
    close: sink.close,
  };
}

/** A logger that writes nowhere, for tests and for library use without a log. */
export function silentLogger(): RootLogger {
  return createLogger({ level: 'silent', sink: { write: () => {} } });
}

function wrapped(logger: pino.Logger, threshold: { readonly index: number }): Logger {
  const method = (level: Exclude<LogLevel, 'silent'>): LogMethod => {
    const index = LOG_LEVELS.indexOf(level);
    return (event, fields) => {
      if (index < threshold.index) return;
      if (fields === undefined) logger[level](event);
      else logger[level](fields, event);
    };
  };
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (system, fields = {}) => wrapped(logger.child({ system, ...fields }), threshold),
    enabled: (level) => level !== 'silent' && LOG_LEVELS.indexOf(level) >= threshold.index,
  };
}

interface OpenSink {
  write(line: string): void;
  dropped(): number;
  close(): Promise<void>;
}

function openSink(sink: LogSink): OpenSink {
  if ('write' in sink) {
    return { write: (line) => sink.write(line), dropped: () => 0, close: async () => {} };
  }
  let dropped = 0;
  const stream = pino.destination({ fd: sink.fd, sync: false, maxLength: LOG_BUFFER_BYTES_MAX });
  stream.on('drop', () => {
    dropped++;
  });
  // A reader that went away (EPIPE) must not end the process that it was reading from.
  stream.on('error', () => {
    dropped++;
  });
  return {
    write: (line) => void stream.write(line),
    dropped: () => dropped,
    close: () =>
      new Promise((resolve) => {
        const giveUp = setTimeout(resolve, CLOSE_WAIT_MS);
        stream.flush(() => {
          clearTimeout(giveUp);
          resolve();
        });
      }),
  };
}
