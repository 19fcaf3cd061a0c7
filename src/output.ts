/**
 * Text for the process's own stdout and stderr.
 *
 * Invariant: a reader that left early (`plinth config show | head -1`) ends nothing: what is written for it
 * from then on goes nowhere, a subcommand ends with its own exit code and `plinth up` runs on. Any other
 * failure, such as a full disk behind a redirection, is told to `failed`, once.
 */
export function outputTo(
  stream: NodeJS.WritableStream,
  failed: (error: NodeJS.ErrnoException) => void,
): (text: string) => void {
  let broken = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (broken) return;
    broken = true;
    if (error.code !== 'EPIPE') failed(error);
  });
  return (text) => {
    if (!broken) stream.write(text);
  };
}
