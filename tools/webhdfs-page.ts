/** docs/webhdfs.md: the operations of the WebHDFS door and its exceptions, from the tables that the door runs on. */
import { exceptionTable } from '../src/files/webhdfs/errors.ts';
import { operations, unsupported } from '../src/files/webhdfs/operations/table.ts';

export function webHdfsPage(): string {
  const rows = operations.map(({ method, op, parameters }) => {
    const named = Object.entries(parameters).map(([name, { type }]) => `\`${name}\` (${type})`);
    return `| ${method} | ${op} | ${named.join(', ') || '-'} |`;
  });
  const refused = Object.entries(unsupported).map(
    ([method, ops]) => `| ${method} | ${ops.join(', ')} |`,
  );
  const exceptions = Object.entries(exceptionTable).map(
    ([name, { in: home, status }]) =>
      `| ${status} | ${name} | \`${home.endsWith('$') ? home.slice(0, -1) : home}\` |`,
  );
  return `# WebHDFS

What the door to files does, below \`/webhdfs/v1\`. How it stands beside S3: [src/files/README.md](../src/files/README.md). The specification: https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/WebHDFS.html

## Operations

All take \`user.name\`. Names of operations and parameters count in any case. Parameters that an operation does not know are passed over.

| method | op | parameters |
|---|---|---|
${rows.join('\n')}

## Not supported

Answered with UnsupportedOperationException.

| method | op |
|---|---|
${refused.join('\n')}

## Exceptions

| status | exception | in |
|---|---|---|
${exceptions.join('\n')}
`;
}
