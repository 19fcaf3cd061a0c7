/** Snapshots and the trash by curl, as the specification's examples have them, and read by fsspec. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonPath, requirePeer } from '../../support/peers.ts';
import { type WebHdfsClientBed, withWebHdfsClient } from './webhdfs-client-bed.ts';

type Curl = (method: string, path: string, ...args: string[]) => Promise<string>;

function curlOf({ run, endpoint }: WebHdfsClientBed): Curl {
  return async (method, path, ...args) => {
    const url = `${endpoint}/webhdfs/v1${path}&user.name=plinth`;
    const common = ['-sS', '-m', '50', '-L', '-X', method];
    const { code, stdout, stderr } = await run('curl', [...common, ...args, url]);
    assert.equal(code, 0, stderr);
    return stdout.toString();
  };
}

test(
  'curl takes, reads, compares, renames and deletes snapshots',
  requirePeer('curl'),
  async () => {
    await withWebHdfsClient(async (bed) => {
      const curl = curlOf(bed);
      await curl('PUT', '/foo/file?op=CREATE', '-d', 'before');
      assert.equal(await curl('PUT', '/foo?op=ALLOWSNAPSHOT'), '');
      const taken = await curl('PUT', '/foo?op=CREATESNAPSHOT&snapshotname=s3');
      assert.equal(taken, '{"Path":"/foo/.snapshot/s3"}');
      assert.match(
        await curl('PUT', '/foo?op=CREATESNAPSHOT'),
        /^\{"Path":"\/foo\/\.snapshot\/s\d{8}-\d{6}\.\d{3}"\}$/,
      );
      await curl('PUT', '/foo/file?op=CREATE&overwrite=true', '-d', 'after');
      await curl('PUT', '/foo?op=CREATESNAPSHOT&snapshotname=s4');
      assert.equal(await curl('GET', '/foo/.snapshot/s3/file?op=OPEN'), 'before');
      assert.equal(await curl('GET', '/foo/.snapshot/s4/file?op=OPEN'), 'after');
      const diff = '/foo?op=GETSNAPSHOTDIFF&oldsnapshotname=s3&snapshotname=s4';
      assert.deepEqual(JSON.parse(await curl('GET', diff)), {
        SnapshotDiffReport: {
          diffList: [
            { sourcePath: '', type: 'MODIFY' },
            { sourcePath: 'file', type: 'DELETE' },
            { sourcePath: 'file', type: 'CREATE' },
          ],
          fromSnapshot: 's3',
          snapshotRoot: '/foo',
          toSnapshot: 's4',
        },
      });
      await curl('PUT', '/foo?op=RENAMESNAPSHOT&oldsnapshotname=s4&snapshotname=s5');
      const { SnapshotList } = JSON.parse(await curl('GET', '/foo?op=GETSNAPSHOTLIST'));
      const shown = SnapshotList.map((row: { dirStatus: { pathSuffix: string } }) => {
        return row.dirStatus.pathSuffix.replace(/^s\d{8}-.*$/, 'by time');
      });
      assert.deepEqual(shown, ['s3', 'by time', 's5']);
      for (const row of SnapshotList) {
        const name = row.dirStatus.pathSuffix;
        assert.equal(await curl('DELETE', `/foo?op=DELETESNAPSHOT&snapshotname=${name}`), '');
      }
      assert.equal(await curl('PUT', '/foo?op=DISALLOWSNAPSHOT'), '');
      assert.equal(
        await curl('GET', '/?op=GETSNAPSHOTTABLEDIRECTORYLIST'),
        '{"SnapshottableDirectoryList":[]}',
      );
    });
  },
);

const script = `
import json, sys
import fsspec
fs = fsspec.filesystem('webhdfs', host='127.0.0.1', port=int(sys.argv[1]), user='plinth', use_listings_cache=False)
big = bytes(range(256)) * 40000
fs.mkdir('/docs/a')
with fs.open('/docs/a/big', 'wb') as f:
    f.write(big)
fs.pipe('/docs/a/small', b'hello')
fs._call('ALLOWSNAPSHOT', method='put', path='/docs')
fs._call('CREATESNAPSHOT', method='put', path='/docs', snapshotname='s1')
fs.pipe('/docs/a/small', b'changed')
fs.rm('/docs/a/big')
fs.mv('/docs/a', '/docs/b')
found = {}
found['find'] = fs.find('/docs/.snapshot/s1')
found['big'] = fs.cat('/docs/.snapshot/s1/a/big') == big
found['small'] = fs.cat('/docs/.snapshot/s1/a/small').decode()
found['summary'] = [fs.content_summary('/docs/.snapshot/s1')[k] for k in ['directoryCount', 'fileCount', 'length']]
try:
    fs.rm('/docs/.snapshot/s1/a/small')
except Exception as e:
    found['error'] = type(e).__name__
fs.cp_file('/docs/.snapshot/s1/a/small', '/docs/restored')
found['restored'] = fs.cat('/docs/restored').decode()
found['trash'] = fs.find('/user')
print(json.dumps(found))
`;

test(
  'fsspec reads a snapshot and restores from it, and what it deletes is in the trash',
  requirePeer('python3-fsspec'),
  async () => {
    await withWebHdfsClient(
      async ({ run, webHdfs }) => {
        const args = ['-c', script, String(webHdfs.listening.port)];
        const { code, stdout, stderr } = await run(pythonPath, args);
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout.toString()), {
          find: ['/docs/.snapshot/s1/a/big', '/docs/.snapshot/s1/a/small'],
          ...{ big: true, small: 'hello', summary: [2, 2, 10_240_005] },
          ...{ error: 'RuntimeError', restored: 'hello' },
          trash: ['/user/plinth/.Trash/Current/docs/a/big'],
        });
      },
      { trashMinutes: 60 },
    );
  },
);
