/**
 * A file, or standard output, that lines are appended to without the event loop ever waiting for it.
 *
 * Invariants: lines are written whole and in their order or not at all; at most `LINES_BUFFER_BYTES_MAX` wait, beyond
 * it lines are dropped and counted; after a failure (a full disk) writing goes on as soon as it works again.
 */
import { pino } from 'pino';

/** Waiting bytes beyond which lines are dropped. */
export const LINES_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
const WRITE_BYTES_MAX = 1024 * 1024;
/** How long `close` waits for what takes the lines, milliseconds. */
const CLOSE_WAIT_MS = 500;
const STDOUT = 1;

export interface LineFile {
  /** Appends whole lines; `count` of them, for the counter. */
  write(lines: string, count: number): void;
  /** Lines dropped so far. */
  dropped(): number;
  /** Opens the path anew, because the file there is another one; what waits goes to the new one. */
  reopen(): void;
  /** Writes what waits, for half a second at most. */
  close(): Promise<void>;
}

/**
 * @param path `-` for standard output
 * @param onProblem told when writing or opening fails, once until it works again
 */
export function openLineFile(path: string, onProblem: (error: Error) => void): LineFile {
  const stream = pino.destination({
    dest: path === '-' ? STDOUT : path,
    append: true,
    sync: false,
    minLength: 0,
    maxLength: LINES_BUFFER_BYTES_MAX,
    maxWrite: WRITE_BYTES_MAX,
  });
  let dropped = 0;
  let writing = 0;
  let failing = false;
  let closed = false;
  stream.on('drop', () => {
    dropped += writing;
  });
  stream.on('error', (error: Error) => {
    if (!failing) onProblem(error);
    failing = true;
  });
  stream.on('write', () => {
    failing = false;
  });
  return {
    write(lines, count) {
      if (closed) return;
      writing = count;
      stream.write(lines);
    },
    dropped: () => dropped,
    reopen() {
      if (!closed && path !== '-') stream.reopen();
    },
    close: () =>
      new Promise((resolve) => {
        closed = true;
        const giveUp = setTimeout(resolve, CLOSE_WAIT_MS);
        const done = (): void => {
          clearTimeout(giveUp);
          resolve();
        };
        // Standard output is not ours to close.
        if (path === '-') stream.flush(done);
        else {
          stream.once('close', done);
          stream.end();
        }
      }),
  };
}
