/** For tests: what the WebHDFS door answers, read as a client reads it. */
import assert from 'node:assert/strict';
import type { BothDoors } from './both-doors.ts';

export type Json = Record<string, unknown>;

export async function json(answer: Promise<Response>): Promise<Json> {
  const got = await answer;
  const body = await got.text();
  assert.equal(got.status, 200, body);
  assert.equal(got.headers.get('content-type'), 'application/json');
  return JSON.parse(body) as Json;
}

/** Name and status of an exception. */
export async function refusal(answer: Promise<Response>): Promise<string> {
  const got = await answer;
  const { RemoteException } = (await got.json()) as { RemoteException: Record<string, string> };
  const { exception, javaClassName, message } = RemoteException;
  assert.ok(javaClassName?.endsWith(`${exception}`) && message !== undefined);
  return `${got.status} ${exception}`;
}

export async function put(
  { ask }: BothDoors,
  path: string,
  body: Buffer | string,
  query = '',
): Promise<void> {
  const got = await ask('PUT', path, `CREATE${query}`, { body });
  assert.equal(got.status, 201, await got.text());
}

export async function text({ ask }: BothDoors, path: string, query = ''): Promise<string> {
  const got = await ask('GET', path, `OPEN${query}`);
  assert.equal(got.status, 200, path);
  return got.text();
}

/** What LISTSTATUS shows; directories with `/`. */
export async function names({ ask }: BothDoors, path: string): Promise<string[]> {
  const { FileStatuses } = (await json(ask('GET', path, 'LISTSTATUS'))) as {
    FileStatuses: { FileStatus: { pathSuffix: string; type: string }[] };
  };
  return FileStatuses.FileStatus.map(
    ({ pathSuffix, type }) => pathSuffix + (type === 'DIRECTORY' ? '/' : ''),
  );
}
