/** Snapshots through the WebHDFS door, beside the S3 door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BothDoors, withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { root } from '../../../tests/support/files/s3-bed.ts';
import { json, names, put, refusal, text } from '../../../tests/support/files/webhdfs-answers.ts';

async function ok({ ask }: BothDoors, method: string, path: string, query: string): Promise<void> {
  const got = await ask(method, path, query);
  assert.equal(got.status, 200, await got.text());
}

interface Report {
  readonly SnapshotDiffReport: {
    readonly diffList: readonly { type: string; sourcePath: string; targetPath?: string }[];
  };
}

async function differences({ ask }: BothDoors, path: string, from: string, to: string) {
  const query = `GETSNAPSHOTDIFF&oldsnapshotname=${from}&snapshotname=${to}`;
  const { SnapshotDiffReport } = (await json(ask('GET', path, query))) as unknown as Report;
  return SnapshotDiffReport.diffList.map(({ type, sourcePath, targetPath }) =>
    [type, sourcePath, ...(targetPath === undefined ? [] : [targetPath])].join(' '),
  );
}

test('a snapshot shows what was there, whatever becomes of it, until it is deleted', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    await put(doors, '/b/d/f', 'first');
    await put(doors, '/b/d/sub/g', 'gone soon');
    await ok(doors, 'PUT', '/b/d', 'ALLOWSNAPSHOT');
    assert.deepEqual(await json(ask('PUT', '/b/d', 'CREATESNAPSHOT&snapshotname=s1')), {
      Path: '/b/d/.snapshot/s1',
    });
    await ok(doors, 'POST', '/b/d/f', 'APPEND');
    await put(doors, '/b/d/f', 'second', '&overwrite=true');
    await put(doors, '/b/d/new', 'x');
    await ok(doors, 'DELETE', '/b/d/sub', 'DELETE&recursive=true');
    await files.idle();
    assert.equal(await text(doors, '/b/d/.snapshot/s1/f'), 'first');
    assert.equal(await text(doors, '/b/d/.snapshot/s1/sub/g'), 'gone soon');
    assert.equal(await text(doors, '/b/d/f'), 'second');
    assert.deepEqual(await names(doors, '/b/d/.snapshot/s1'), ['f', 'sub/']);
    assert.deepEqual(await names(doors, '/b/d/.snapshot'), ['s1/']);
    const { ContentSummary } = (await json(
      ask('GET', '/b/d/.snapshot/s1', 'GETCONTENTSUMMARY'),
    )) as { ContentSummary: Record<string, number> };
    const { directoryCount, fileCount, length } = ContentSummary;
    assert.deepEqual([directoryCount, fileCount, length], [2, 2, 14]);
    const sum = await json(ask('GET', '/b/d/.snapshot/s1/f', 'GETFILECHECKSUM'));
    await put(doors, '/b/copy', 'first');
    assert.deepEqual(sum, await json(ask('GET', '/b/copy', 'GETFILECHECKSUM')));
    await ok(doors, 'PUT', '/b/d', 'RENAMESNAPSHOT&oldsnapshotname=s1&snapshotname=old');
    assert.equal(await text(doors, '/b/d/.snapshot/old/f'), 'first');
    await ok(doors, 'DELETE', '/b/d', 'DELETESNAPSHOT&snapshotname=old');
    const gone = ask('GET', '/b/d/.snapshot/old/f', 'OPEN');
    assert.equal(await refusal(gone), '404 FileNotFoundException');
    await ok(doors, 'PUT', '/b/d', 'DISALLOWSNAPSHOT');
    await ok(doors, 'DELETE', '/b/d', 'DELETE&recursive=true');
  });
});

test('what a snapshot shows is not changed, and what has snapshots does not go', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    await put(doors, '/b/d/f', 'x');
    await ok(doors, 'PUT', '/b/d', 'ALLOWSNAPSHOT');
    await ok(doors, 'PUT', '/b/d', 'CREATESNAPSHOT&snapshotname=s1');
    const readOnly = '403 SnapshotAccessControlException';
    for (const [method, path, query, wanted] of [
      ['PUT', '/b/d/.snapshot/s1/new', 'CREATE', readOnly],
      ['PUT', '/b/d/.snapshot/s1/f', 'SETPERMISSION&permission=777', readOnly],
      ['POST', '/b/d/.snapshot/s1/f', 'APPEND', readOnly],
      ['DELETE', '/b/d/.snapshot/s1', 'DELETE&recursive=true', readOnly],
      ['PUT', '/b/d/.snapshot/s1/f', 'RENAME&destination=/b/f', readOnly],
      ['PUT', '/b/d/f', 'RENAME&destination=/b/d/.snapshot/s1/x', readOnly],
      ['PUT', '/b/e/.snapshot', 'MKDIRS', readOnly],
      ['DELETE', '/b/d', 'DELETE&recursive=true', '403 SnapshotException'],
      ['DELETE', '/b', 'DELETE&recursive=true', '403 SnapshotException'],
      ['PUT', '/b', 'RENAME&destination=/c&renameoptions=NONE', '403 SnapshotException'],
      ['PUT', '/b/d', 'DISALLOWSNAPSHOT', '403 SnapshotException'],
      ['PUT', '/b', 'ALLOWSNAPSHOT', '403 SnapshotException'],
      ['PUT', '/b/d', 'CREATESNAPSHOT&snapshotname=s1', '403 SnapshotException'],
      ['PUT', '/b/d', 'CREATESNAPSHOT&snapshotname=a/b', '400 InvalidPathException'],
      ['PUT', '/b', 'CREATESNAPSHOT', '403 SnapshotException'],
      ['DELETE', '/b/d', 'DELETESNAPSHOT&snapshotname=none', '403 SnapshotException'],
      ['GET', '/b/.snapshot', 'LISTSTATUS', '404 FileNotFoundException'],
      ['GET', '/b/d/.snapshot/s1/.snapshot', 'LISTSTATUS', '404 FileNotFoundException'],
      ['GET', '/b', 'GETSNAPSHOTLIST', '403 SnapshotException'],
    ] as const) {
      assert.equal(await refusal(ask(method, path, query)), wanted, `${method} ${path} ${query}`);
    }
    const ann = { user: 'ann' };
    for (const query of ['ALLOWSNAPSHOT', 'CREATESNAPSHOT']) {
      assert.equal(await refusal(ask('PUT', '/b/d', query, ann)), '403 AccessControlException');
    }
    assert.equal(await text(doors, '/b/d/f'), 'x');
  });
});

test('of the root too, and what a user may see is as it was', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    await put(doors, '/b/open', 'for all');
    await put(doors, '/b/secret', 'for one', '&permission=600');
    await ok(doors, 'PUT', '/', 'ALLOWSNAPSHOT');
    assert.deepEqual(await json(ask('PUT', '/', 'CREATESNAPSHOT&snapshotname=all')), {
      Path: '/.snapshot/all',
    });
    await ok(doors, 'PUT', '/b/open', 'SETPERMISSION&permission=600');
    await ok(doors, 'PUT', '/b/secret', 'SETPERMISSION&permission=644');
    await ok(doors, 'DELETE', '/b', 'DELETE&recursive=true');
    await files.idle();
    assert.deepEqual(await names(doors, '/.snapshot/all'), ['b/']);
    const ann = { user: 'ann' };
    const open = await ask('GET', '/.snapshot/all/b/open', 'OPEN', ann);
    assert.equal(await open.text(), 'for all');
    const secret = ask('GET', '/.snapshot/all/b/secret', 'OPEN', ann);
    assert.equal(await refusal(secret), '403 AccessControlException');
    const { SnapshottableDirectoryList } = await json(
      ask('GET', '/', 'GETSNAPSHOTTABLEDIRECTORYLIST'),
    );
    assert.equal((SnapshottableDirectoryList as unknown[]).length, 1);
    await ok(doors, 'DELETE', '/', 'DELETESNAPSHOT&snapshotname=all');
    await ok(doors, 'PUT', '/', 'DISALLOWSNAPSHOT');
  });
});

test('a list of a snapshot comes in pages, each entry once', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    await ask('PUT', '/b', 'MKDIRS');
    const make = { owner: 'plinth', group: 'plinth', permission: 0o755, implicit: false };
    const made: string[] = [];
    for (let nth = 0; nth < 600; nth++) made.push(`d${nth}`, `d${nth}-`);
    await Promise.all(
      made.map((name) => files.namespace.run('makeDirectory', { path: ['b', name], make })),
    );
    await ok(doors, 'PUT', '/b', 'ALLOWSNAPSHOT');
    await ok(doors, 'PUT', '/b', 'CREATESNAPSHOT&snapshotname=s1');
    await Promise.all(
      made.map((name, nth) => {
        const path = ['b', name];
        if (nth % 3 === 0) return files.namespace.run('removeDirectory', { path, recursive: true });
        const to = ['b', `x${name}`];
        return files.namespace.run('rename', { from: path, to, kind: 'directory' });
      }),
    );
    const seen: string[] = [];
    for (let left = 1; left > 0; ) {
      const query = `LISTSTATUS_BATCH&startafter=${seen.at(-1) ?? ''}`;
      const { DirectoryListing } = (await json(ask('GET', '/b/.snapshot/s1', query))) as {
        DirectoryListing: {
          remainingEntries: number;
          partialListing: { FileStatuses: { FileStatus: { pathSuffix: string }[] } };
        };
      };
      left = DirectoryListing.remainingEntries;
      const rows = DirectoryListing.partialListing.FileStatuses.FileStatus;
      seen.push(...rows.map(({ pathSuffix }) => pathSuffix));
    }
    assert.deepEqual(seen.toSorted(), made.toSorted());
  });
});

test('snapshots are listed, and compared with each other and with what is there', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    for (const name of ['keep', 'change', 'move', 'go']) await put(doors, `/b/${name}`, name);
    await put(doors, '/b/dir/inside', '1');
    await ok(doors, 'PUT', '/b', 'ALLOWSNAPSHOT');
    await ok(doors, 'PUT', '/b', 'CREATESNAPSHOT&snapshotname=s1');
    await ok(doors, 'POST', '/b/change', 'APPEND');
    await ok(doors, 'PUT', '/b/move', 'RENAME&destination=/b/dir/moved');
    await ok(doors, 'DELETE', '/b/go', 'DELETE');
    await put(doors, '/b/come', 'x');
    await ok(doors, 'PUT', '/b', 'CREATESNAPSHOT&snapshotname=s2');
    await ok(doors, 'PUT', '/b/dir', 'RENAME&destination=/b/folder');
    await ok(doors, 'PUT', '/b/folder/inside', 'SETPERMISSION&permission=600');
    const forth = [
      ...['MODIFY ', 'MODIFY change', 'CREATE come', 'MODIFY dir', 'DELETE go'],
      'RENAME move dir/moved',
    ];
    assert.deepEqual(await differences(doors, '/b', 's1', 's2'), forth);
    assert.deepEqual(await differences(doors, '/b', 's2', 's1'), [
      ...['MODIFY ', 'MODIFY change', 'DELETE come', 'MODIFY dir', 'RENAME dir/moved move'],
      'CREATE go',
    ]);
    assert.deepEqual(await differences(doors, '/b', 's2', ''), [
      ...['MODIFY ', 'RENAME dir folder', 'MODIFY dir/inside'],
    ]);
    assert.deepEqual(await differences(doors, '/b', 's2', 's2'), []);
    const { SnapshotList } = (await json(ask('GET', '/b', 'GETSNAPSHOTLIST'))) as {
      SnapshotList: { parentFullPath: string; dirStatus: { pathSuffix: string } }[];
    };
    assert.deepEqual(
      SnapshotList.map(({ parentFullPath, dirStatus }) => [parentFullPath, dirStatus.pathSuffix]),
      [
        ['/b', 's1'],
        ['/b', 's2'],
      ],
    );
    const list = 'GETSNAPSHOTTABLEDIRECTORYLIST';
    const { SnapshottableDirectoryList } = (await json(ask('GET', '/', list))) as {
      SnapshottableDirectoryList: { parentFullPath: string; snapshotNumber: number }[];
    };
    assert.equal(SnapshottableDirectoryList.length, 1);
    assert.equal(SnapshottableDirectoryList[0]?.parentFullPath, '/');
    assert.equal(SnapshottableDirectoryList[0]?.snapshotNumber, 2);
    const others = await json(ask('GET', '/', list, { user: 'ann' }));
    assert.deepEqual(others, { SnapshottableDirectoryList: [] });
  });
});

test('S3 sees no snapshots, and its names stay its own', async () => {
  await withBothDoors(async (doors) => {
    const { s3, ask } = doors;
    await s3.ask('PUT', '/docs', { user: root });
    await s3.ask('PUT', '/docs/f', { user: root, body: 'first' });
    await s3.ask('PUT', '/docs/.snapshot/s1/f', { user: root, body: 'of S3' });
    await ok(doors, 'PUT', '/docs', 'ALLOWSNAPSHOT');
    await ok(doors, 'PUT', '/docs', 'CREATESNAPSHOT&snapshotname=s1');
    await s3.ask('PUT', '/docs/f', { user: root, body: 'second' });
    assert.equal(await text(doors, '/docs/.snapshot/s1/f'), 'first');
    const got = await s3.ask('GET', '/docs/.snapshot/s1/f', { user: root });
    assert.equal(got.text, 'of S3');
    assert.deepEqual(await names(doors, '/docs'), ['%00n:.snapshot/', 'f']);
    assert.equal(await text(doors, '/docs/%2500n:.snapshot/s1/f'), 'of S3');
    await ok(doors, 'DELETE', '/docs/%2500n:.snapshot', 'DELETE&recursive=true');
    await ok(doors, 'DELETE', '/docs/f', 'DELETE');
    const refused = await s3.ask('DELETE', '/docs', { user: root });
    assert.deepEqual([refused.status, refused.code], [409, 'BucketNotEmpty']);
    await ok(doors, 'DELETE', '/docs', 'DELETESNAPSHOT&snapshotname=s1');
    await ok(doors, 'PUT', '/docs', 'DISALLOWSNAPSHOT');
    assert.equal((await s3.ask('DELETE', '/docs', { user: root })).status, 204);
    assert.equal((await ask('GET', '/docs', 'GETFILESTATUS')).status, 404);
  });
});

test('of a bucket that keeps versions a snapshot has those in front', async () => {
  await withBothDoors(async (doors) => {
    const { s3, ask } = doors;
    await s3.ask('PUT', '/docs', { user: root });
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    const set = await s3.ask('PUT', '/docs', { user: root, query: { versioning: '' }, body });
    assert.equal(set.status, 200, set.text);
    const first = await s3.ask('PUT', '/docs/f', { user: root, body: 'first' });
    await s3.ask('PUT', '/docs/gone', { user: root, body: 'x' });
    await s3.ask('DELETE', '/docs/gone', { user: root });
    await ok(doors, 'PUT', '/docs', 'ALLOWSNAPSHOT');
    await ok(doors, 'PUT', '/docs', 'CREATESNAPSHOT&snapshotname=s1');
    await s3.ask('PUT', '/docs/f', { user: root, body: 'second' });
    const versionId = String(first.headers['x-amz-version-id']);
    await s3.ask('DELETE', '/docs/f', { user: root, query: { versionId } });
    await s3.ask('DELETE', '/docs/f', { user: root });
    await doors.files.idle();
    assert.deepEqual(await names(doors, '/docs/.snapshot/s1'), ['f']);
    assert.equal(await text(doors, '/docs/.snapshot/s1/f'), 'first');
    assert.equal((await ask('GET', '/docs/f', 'OPEN')).status, 404);
  });
});
