/** Folders that go with the process, however it ends but by SIGKILL; its children do so too (`tests/support/process.ts`). */
import { rmSync } from 'node:fs';
import { temporaryFolder } from '../../tests/support/process.ts';

const folders = new Set<string>();

process.on('exit', () => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

export function benchFolder(): { readonly path: string; remove(): void } {
  const { path, remove } = temporaryFolder('bench-files');
  folders.add(path);
  return {
    path,
    remove: () => {
      folders.delete(path);
      remove();
    },
  };
}
