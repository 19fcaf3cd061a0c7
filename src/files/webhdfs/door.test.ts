/** The WebHDFS door on a real socket over a file system on a disk, beside the S3 door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { root } from '../../../tests/support/files/s3-bed.ts';
import {
  type Json,
  json,
  names,
  put,
  refusal,
  text,
} from '../../../tests/support/files/webhdfs-answers.ts';

test('a file is made, read in pieces, added to, cut, and its status says so', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    await put(doors, '/b/dir/f', 'hello');
    assert.equal(await text(doors, '/b/dir/f'), 'hello');
    assert.equal(await text(doors, '/b/dir/f', '&offset=1&length=3'), 'ell');
    assert.equal((await ask('POST', '/b/dir/f', 'APPEND', { body: ' world' })).status, 200);
    assert.equal(await text(doors, '/b/dir/f'), 'hello world');
    assert.deepEqual(await json(ask('POST', '/b/dir/f', 'TRUNCATE&newlength=4')), {
      boolean: true,
    });
    assert.equal(await text(doors, '/b/dir/f'), 'hell');
    await put(doors, '/b/dir/f', 'x', '&overwrite=true&permission=600&replication=2');
    const { FileStatus } = (await json(ask('GET', '/b/dir/f', 'GETFILESTATUS'))) as {
      FileStatus: Json;
    };
    const { accessTime, modificationTime, fileId, blockSize, ...rest } = FileStatus;
    assert.ok([accessTime, modificationTime, fileId, blockSize].every((n) => Number(n) > 0));
    assert.deepEqual(rest, {
      ...{ childrenNum: 0, group: 'plinth', length: 1, owner: 'plinth', pathSuffix: '' },
      ...{ permission: '600', replication: 2, storagePolicy: 0, type: 'FILE' },
    });
  });
});

test('blocks are written with the replicas that the file is to have', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    const asked: (number | undefined)[] = [];
    const write = files.write.bind(files);
    files.write = (bytes, replication) => {
      asked.push(replication);
      return write(bytes, replication);
    };
    await put(doors, '/b/f', 'hello', '&replication=4');
    assert.equal((await ask('POST', '/b/f', 'APPEND', { body: ' world' })).status, 200);
    await put(doors, '/b/g', 'hello');
    assert.deepEqual(asked, [4, 4, files.replication]);
  });
});

test('data go with a second request, to an address that the client reaches', async () => {
  await withBothDoors(async ({ ask, endpoint }) => {
    const first = await ask('PUT', '/a b', 'CREATE&overwrite=true&namenoderpcaddress=x:1', {
      redirect: 'manual',
    });
    assert.equal(first.status, 307);
    const target = `${endpoint}/webhdfs/v1/a%20b?op=CREATE&overwrite=true&user.name=plinth&data=true`;
    assert.equal(first.headers.get('location'), target);
    assert.equal((await fetch(target, { method: 'PUT', body: 'x' })).status, 201);
    const told = await json(ask('GET', '/a b', 'OPEN&noredirect=true'));
    assert.equal(await (await fetch(String(told.Location))).text(), 'x');
  });
  await withBothDoors(
    async ({ ask }) => {
      const { Location } = await json(ask('PUT', '/f', 'CREATE&noredirect=true'));
      assert.match(String(Location), /^http:\/\/files\.example:80\/webhdfs\/v1\/f\?/);
    },
    { advertised: 'files.example:80' },
  );
});

test('directories are made, listed in pages, summed up, moved and taken away', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    assert.deepEqual(await json(ask('PUT', '/b/x/y', 'MKDIRS')), { boolean: true });
    await put(doors, '/b/x/f', '12345');
    await put(doors, '/b/x/y/g', '1');
    assert.deepEqual(await names(doors, '/b/x'), ['f', 'y/']);
    const page = await json(ask('GET', '/b/x', 'LISTSTATUS_BATCH&startAfter=f'));
    const { DirectoryListing } = page as { DirectoryListing: { remainingEntries: number } };
    assert.equal(DirectoryListing.remainingEntries, 0);
    assert.match(JSON.stringify(page), /"pathSuffix":"y"/);
    assert.doesNotMatch(JSON.stringify(page), /"pathSuffix":"f"/);
    const { ContentSummary } = (await json(ask('GET', '/b', 'GETCONTENTSUMMARY'))) as {
      ContentSummary: Json;
    };
    const { directoryCount, fileCount, length } = ContentSummary;
    assert.deepEqual([directoryCount, fileCount, length], [3, 2, 6]);
    assert.deepEqual(await json(ask('PUT', '/b/x', 'RENAME&destination=/b/z')), { boolean: true });
    assert.equal(await text(doors, '/b/z/y/g'), '1');
    assert.deepEqual(await json(ask('PUT', '/b/z/f', 'RENAME&destination=/b/z/y')), {
      boolean: true,
    });
    assert.deepEqual(await names(doors, '/b/z/y'), ['f', 'g']);
    for (const destination of ['/b/z/y/deep', '/none/at/all']) {
      const moved = ask('PUT', '/b/z', `RENAME&destination=${destination}`);
      assert.deepEqual(await json(moved), { boolean: false });
    }
    assert.equal(
      await refusal(ask('DELETE', '/b/z', 'DELETE')),
      '403 PathIsNotEmptyDirectoryException',
    );
    assert.deepEqual(await json(ask('DELETE', '/b/z', 'DELETE&recursive=true')), { boolean: true });
    assert.deepEqual(await json(ask('DELETE', '/b/z', 'DELETE')), { boolean: false });
    assert.deepEqual(await names(doors, '/b'), []);
  });
});

test('with options a rename takes the place of a file and answers without a body', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    await put(doors, '/b/one', '1');
    await put(doors, '/b/two', '2');
    const none = ask('PUT', '/b/one', 'RENAME&destination=/b/two&renameoptions=NONE');
    assert.equal(await refusal(none), '403 FileAlreadyExistsException');
    const over = await ask('PUT', '/b/one', 'RENAME&destination=/b/two&renameoptions=OVERWRITE');
    assert.deepEqual([over.status, await over.text()], [200, '']);
    assert.deepEqual(await names(doors, '/b'), ['two']);
    assert.equal(await text(doors, '/b/two'), '1');
  });
});

test('a list of more than a page comes whole, each entry once', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    await ask('PUT', '/b', 'MKDIRS');
    const make = { owner: 'plinth', group: 'plinth', permission: 0o755, implicit: false };
    const made: string[] = [];
    for (let nth = 0; nth < 1100; nth++) made.push(`d${nth}`, `d${nth}-`);
    await Promise.all(
      made.map((name) => files.namespace.run('makeDirectory', { path: ['b', name], make })),
    );
    assert.equal((await names(doors, '/b')).length, 2200);
    const seen: string[] = [];
    for (let left = 1; left > 0; ) {
      const after = seen[seen.length - 1] ?? '';
      const { DirectoryListing } = (await json(
        ask('GET', '/b', `LISTSTATUS_BATCH&startafter=${after}`),
      )) as {
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

test('files follow each other by CONCAT, and the checksum is that of the bytes', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    for (const name of ['a', 'b', 'c']) await put(doors, `/t/${name}`, name.repeat(1000));
    await put(doors, '/t/whole', 'a'.repeat(1000) + 'b'.repeat(1000) + 'c'.repeat(1000));
    assert.equal((await ask('POST', '/t/a', 'CONCAT&sources=/t/b,/t/c')).status, 200);
    assert.deepEqual(await names(doors, '/t'), ['a', 'whole']);
    const sum = await json(ask('GET', '/t/a', 'GETFILECHECKSUM'));
    assert.deepEqual(sum, await json(ask('GET', '/t/whole', 'GETFILECHECKSUM')));
    const { FileChecksum } = sum as { FileChecksum: Json };
    assert.equal(FileChecksum.algorithm, 'MD5-of-0MD5-of-512CRC32C');
    assert.match(String(FileChecksum.bytes), /^000002000000000000000000[0-9a-f]{32}$/);
    await put(doors, '/t/empty', '');
    assert.deepEqual(await json(ask('GET', '/t/empty', 'GETFILECHECKSUM')), {
      FileChecksum: {
        algorithm: 'MD5-of-0MD5-of-0CRC32',
        bytes: `${'0'.repeat(24)}70bc8f4b72a86921468bf8e8441dce51`,
        length: 28,
      },
    });
    const { BlockLocations } = (await json(ask('GET', '/t/a', 'GETFILEBLOCKLOCATIONS'))) as {
      BlockLocations: { BlockLocation: { offset: number; length: number }[] };
    };
    const places = BlockLocations.BlockLocation.map(({ offset, length }) => [offset, length]);
    assert.deepEqual(places, [
      [0, 1000],
      [1000, 1000],
      [2000, 1000],
    ]);
    assert.equal(
      await refusal(ask('POST', '/t/a', 'CONCAT&sources=/other/b')),
      '400 HadoopIllegalArgumentException',
    );
  });
});

test('modes, owners, times, replication, quotas and attributes are set and told', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    await put(doors, '/b/f', 'x');
    for (const query of [
      ...['SETPERMISSION&permission=640', 'SETOWNER&owner=ann&group=staff'],
      ...['SETTIMES&modificationtime=1000&accesstime=2000', 'SETREPLICATION&replication=3'],
    ]) {
      assert.equal((await ask('PUT', '/b/f', query)).status, 200, query);
    }
    const { FileStatus } = (await json(ask('GET', '/b/f', 'GETFILESTATUS'))) as {
      FileStatus: Json;
    };
    const { permission, owner, group, modificationTime, accessTime, replication } = FileStatus;
    assert.deepEqual(
      [permission, owner, group, modificationTime, accessTime, replication],
      ['640', 'ann', 'staff', 1000, 2000, 3],
    );
    assert.deepEqual(await json(ask('PUT', '/b', 'SETREPLICATION')), { boolean: false });
    for (const path of ['/b/f', '/b']) {
      const set = 'SETXATTR&xattr.name=user.colour&xattr.value=0x7265';
      assert.equal((await ask('PUT', path, `${set}&flag=CREATE`)).status, 200);
      assert.equal(await refusal(ask('PUT', path, `${set}&flag=CREATE`)), '403 IOException');
      assert.deepEqual(await json(ask('GET', path, 'GETXATTRS&encoding=text')), {
        XAttrs: [{ name: 'user.colour', value: '"re"' }],
      });
      assert.deepEqual(await json(ask('GET', path, 'LISTXATTRS')), {
        XAttrNames: '["user.colour"]',
      });
      const gone = await ask('PUT', path, 'REMOVEXATTR&xattr.name=user.colour');
      assert.equal(gone.status, 200);
      const asked = ask('GET', path, 'GETXATTRS&xattr.name=user.colour');
      assert.equal(await refusal(asked), '403 IOException');
    }
    assert.equal((await ask('PUT', '/b', 'SETQUOTA&namespacequota=2')).status, 200);
    const { QuotaUsage } = (await json(ask('GET', '/b', 'GETQUOTAUSAGE'))) as { QuotaUsage: Json };
    assert.deepEqual([QuotaUsage.fileAndDirectoryCount, QuotaUsage.quota], [2, 2]);
    const second = ask('PUT', '/b/g', 'CREATE', { body: 'x' });
    assert.equal(await refusal(second), '403 NSQuotaExceededException');
  });
});

test('a user may do what the modes say', async () => {
  await withBothDoors(
    async (doors) => {
      const { ask } = doors;
      const ann = { user: 'ann' };
      await put(doors, '/b/secret', 'x', '&permission=600');
      assert.equal(
        await refusal(ask('GET', '/b/secret', 'OPEN', ann)),
        '403 AccessControlException',
      );
      assert.equal(
        await refusal(ask('PUT', '/b/new', 'CREATE', ann)),
        '403 AccessControlException',
      );
      const checked = ask('GET', '/b', 'CHECKACCESS&fsaction=-w-', ann);
      assert.equal(await refusal(checked), '403 AccessControlException');
      assert.equal((await ask('GET', '/b', 'CHECKACCESS&fsaction=r-x', ann)).status, 200);
      await ask('PUT', '/b', 'SETOWNER&group=staff');
      await ask('PUT', '/b', 'SETPERMISSION&permission=775');
      assert.equal((await ask('PUT', '/b/new', 'CREATE', { ...ann, body: 'y' })).status, 201);
      const { FileStatus } = (await json(ask('GET', '/b/new', 'GETFILESTATUS', ann))) as {
        FileStatus: Json;
      };
      assert.deepEqual([FileStatus.owner, FileStatus.group], ['ann', 'staff']);
      const given = ask('PUT', '/b/new', 'SETOWNER&owner=bob', ann);
      assert.equal(await refusal(given), '403 AccessControlException');
      assert.deepEqual(await json(ask('GET', '/', 'GETHOMEDIRECTORY', ann)), { Path: '/user/ann' });
    },
    { users: [{ name: 'ann', groups: ['staff'] }] },
  );
});

test('what can not be done is refused by the exception of Hadoop', async () => {
  await withBothDoors(async (doors) => {
    const { ask, endpoint } = doors;
    await put(doors, '/b/f', 'x');
    const cases: [string, string, string, string][] = [
      ['GET', '/b/none', 'OPEN', '404 FileNotFoundException'],
      ['GET', '/b/none', 'GETFILESTATUS', '404 FileNotFoundException'],
      ['GET', '/b', 'OPEN', '404 FileNotFoundException'],
      ['GET', '/b/f', 'OPEN&offset=9', '403 IOException'],
      ['GET', '/b/f', 'OPEN&offset=x', '400 IllegalArgumentException'],
      ['GET', '/b/f', 'NOSUCH', '400 IllegalArgumentException'],
      ['PUT', '/b/f', 'OPEN', '400 IllegalArgumentException'],
      ['PUT', '/b/f', 'CREATE', '403 FileAlreadyExistsException'],
      ['PUT', '/b', 'CREATE&overwrite=true', '403 FileAlreadyExistsException'],
      ['PUT', '/b/f/below', 'CREATE', '403 ParentNotDirectoryException'],
      ['PUT', '/b/f', 'MKDIRS', '403 FileAlreadyExistsException'],
      ['POST', '/b/f', 'TRUNCATE&newlength=5', '400 HadoopIllegalArgumentException'],
      ['POST', '/b/none', 'APPEND', '404 FileNotFoundException'],
      ['PUT', '/b', 'CREATESYMLINK', '400 UnsupportedOperationException'],
      ['GET', '/b/f', 'GETFILESTATUS&doas=ann', '403 AuthorizationException'],
      ['PUT', '/b/%252500x', 'MKDIRS', '200'],
      ['PUT', '/b/%2500x', 'MKDIRS', '400 InvalidPathException'],
    ];
    for (const [method, path, query, wanted] of cases) {
      const answer = ask(method, path, query);
      const got = wanted === '200' ? String((await answer).status) : await refusal(answer);
      assert.equal(got, wanted, `${method} ${path} ${query}`);
    }
    const url = `${endpoint}/webhdfs/v1/b/f?op=GETFILESTATUS`;
    assert.equal(await refusal(fetch(`${url}&user.name=a:b`)), '400 IllegalArgumentException');
    assert.equal(await refusal(fetch(`${endpoint}/else?op=OPEN`)), '404 FileNotFoundException');
    const page = fetch(url, { headers: { origin: 'http://evil.example' } });
    assert.equal(await refusal(page), '403 AccessControlException');
    assert.equal((await fetch(url)).status, 200, 'without a name it is the anonymous user');
  });
});

test('both doors have the same bytes; rename and delete are seen by both', async () => {
  await withBothDoors(async (doors) => {
    const { ask, s3 } = doors;
    const big = Buffer.alloc(5_000_000, 'plinth ');
    assert.equal((await s3.ask('PUT', '/docs', { user: root })).status, 200);
    assert.equal((await s3.ask('PUT', '/docs/d/big', { user: root, body: big })).status, 200);
    const got = await ask('GET', '/docs/d/big', 'OPEN');
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(big));
    await put(doors, '/docs/d/small', 'by WebHDFS');
    assert.equal((await s3.ask('GET', '/docs/d/small', { user: root })).text, 'by WebHDFS');
    await ask('PUT', '/docs/d', 'RENAME&destination=/docs/e');
    assert.equal((await s3.ask('GET', '/docs/d/big', { user: root })).status, 404);
    assert.ok((await s3.ask('GET', '/docs/e/big', { user: root })).bytes.equals(big));
    assert.equal((await s3.ask('DELETE', '/docs/e/big', { user: root })).status, 204);
    assert.equal(
      await refusal(ask('GET', '/docs/e/big', 'GETFILESTATUS')),
      '404 FileNotFoundException',
    );
    await ask('DELETE', '/docs', 'DELETE&recursive=true');
    assert.equal((await s3.ask('GET', '/docs/e/small', { user: root })).code, 'NoSuchBucket');
    await put(doors, '/made/by/webhdfs', 'x');
    assert.equal((await s3.ask('GET', '/made/by/webhdfs', { user: root })).text, 'x');
  });
});

test('keys that are no paths are shown behind a mark, and read and deleted there', async () => {
  await withBothDoors(async (doors) => {
    const { ask, s3 } = doors;
    await s3.ask('PUT', '/docs', { user: root });
    for (const key of ['a', 'a/b', 'x//y', 'dir/']) {
      const made = await s3.ask('PUT', `/docs/${key}`, { user: root, body: key });
      assert.equal(made.status, 200, made.text);
    }
    assert.deepEqual(await names(doors, '/docs'), ['%00f:a', 'a/', 'dir/', 'x/']);
    assert.equal(await text(doors, '/docs/%2500f:a'), 'a');
    assert.equal(await text(doors, '/docs/x/%2500e:/y'), 'x//y');
    assert.deepEqual(await names(doors, '/docs/dir'), ['%00e:']);
    assert.deepEqual(await json(ask('DELETE', '/docs/%2500f:a', 'DELETE')), { boolean: true });
    assert.deepEqual(await names(doors, '/docs'), ['a/', 'dir/', 'x/']);
    assert.equal((await s3.ask('GET', '/docs/a/b', { user: root })).text, 'a/b');
  });
});

test('what S3 has encrypted or locked is not read or changed past it', async () => {
  await withBothDoors(async ({ ask, s3 }) => {
    await s3.ask('PUT', '/docs', { user: root });
    const headers = { 'x-amz-server-side-encryption': 'AES256' };
    const sealed = await s3.ask('PUT', '/docs/sealed', { user: root, body: 'x', headers });
    assert.equal(sealed.status, 200, sealed.text);
    assert.equal(await refusal(ask('GET', '/docs/sealed', 'OPEN')), '403 IOException');
    assert.equal(await refusal(ask('POST', '/docs/sealed', 'APPEND')), '403 IOException');
    const locked = { 'x-amz-bucket-object-lock-enabled': 'true' };
    const made = await s3.ask('PUT', '/kept', { user: root, headers: locked });
    assert.equal(made.status, 200, made.text);
    await s3.ask('PUT', '/kept/d/f', { user: root, body: 'x' });
    for (const [method, path, query] of [
      ['DELETE', '/kept', 'DELETE&recursive=true'],
      ['DELETE', '/kept/d', 'DELETE&recursive=true'],
      ['POST', '/kept/d/f', 'TRUNCATE&newlength=0'],
      ['PUT', '/kept/d', 'RENAME&destination=/docs/d&renameoptions=NONE'],
    ] as const) {
      assert.equal(await refusal(ask(method, path, query)), '403 AccessControlException', path);
    }
    assert.deepEqual(await json(ask('DELETE', '/kept/d/f', 'DELETE')), { boolean: true });
    const versions = await s3.ask('GET', '/kept', { user: root, query: { versions: '' } });
    assert.match(versions.text, /<DeleteMarker>/);
  });
});

test('an object that is added to has another ETag, and no checksum of its old bytes', async () => {
  await withBothDoors(async ({ ask, s3 }) => {
    await s3.ask('PUT', '/docs', { user: root });
    const headers = { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-meta-kept': 'yes' };
    const put = await s3.ask('PUT', '/docs/f', { user: root, body: 'hello', headers });
    assert.equal(put.status, 200, put.text);
    assert.equal((await ask('POST', '/docs/f', 'APPEND', { body: '!' })).status, 200);
    const mode = { 'x-amz-checksum-mode': 'ENABLED' };
    const got = await s3.ask('GET', '/docs/f', { user: root, headers: mode });
    assert.equal(got.text, 'hello!');
    assert.notEqual(got.headers.etag, put.headers.etag);
    assert.equal(got.headers['x-amz-checksum-crc32'], undefined);
    assert.equal(got.headers['x-amz-meta-kept'], 'yes');
  });
});
