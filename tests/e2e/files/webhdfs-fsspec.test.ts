/** The WebHDFS door by fsspec, Python's common face of file systems. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { root } from '../../support/files/s3-bed.ts';
import { pythonPath, requirePeer } from '../../support/peers.ts';
import { withWebHdfsClient } from './webhdfs-client-bed.ts';

const script = `
import json, sys
import fsspec
port = int(sys.argv[1])
fs = fsspec.filesystem('webhdfs', host='127.0.0.1', port=port, user='plinth', use_listings_cache=False)
found = {}
def error(call):
    try:
        call()
    except Exception as e:
        return type(e).__name__
big = bytes(range(256)) * 40000
fs.mkdir('/docs/a')
with fs.open('/docs/a/big', 'wb') as f:
    f.write(big)
found['big'] = fs.cat('/docs/a/big') == big
with fs.open('/docs/a/big', 'rb') as f:
    f.seek(5_000_000)
    found['seek'] = f.read(1000) == big[5_000_000:5_001_000]
fs.pipe('/docs/a/small', b'hello')
with fs.open('/docs/a/small', 'ab') as f:
    f.write(b' world')
found['small'] = fs.cat('/docs/a/small').decode()
found['s3'] = fs.cat('/docs/by-s3').decode()
found['ls'] = fs.ls('/docs/a')
found['info'] = [fs.info('/docs/a')['type'], fs.info('/docs/a/small')['size']]
found['exists'] = [fs.exists('/docs/a/small'), fs.exists('/docs/a/none')]
found['summary'] = [fs.content_summary('/docs')[k] for k in ['directoryCount', 'fileCount', 'length']]
found['ukey'] = fs.ukey('/docs/a/small')['algorithm']
fs.chmod('/docs/a/small', '600')
fs.chown('/docs/a/small', owner='ann', group='staff')
fs.set_replication('/docs/a/small', 2)
info = fs.info('/docs/a/small')
found['set'] = [info[k] for k in ['permission', 'owner', 'group', 'replication']]
fs.mv('/docs/a', '/docs/b')
found['moved'] = sorted(fs.find('/docs'))
other = fsspec.filesystem('webhdfs', host='127.0.0.1', port=port, user='bob', use_listings_cache=False)
found['errors'] = [
    error(lambda: fs.cat('/docs/none')),
    error(lambda: other.cat('/docs/b/small')),
    error(lambda: other.rm('/docs/b/small')),
    error(lambda: fs.rm('/docs/b')),
    error(lambda: fs._call('NOSUCH', path='/')),
]
found['home'] = fs.home_directory()
fs.rm('/docs/b', recursive=True)
found['left'] = fs.ls('/docs')
print(json.dumps(found))
`;

test(
  'fsspec uploads, reads, lists, moves, changes and deletes, and hears the errors',
  requirePeer('python3-fsspec'),
  async () => {
    await withWebHdfsClient(async ({ run, webHdfs, s3 }) => {
      await s3.ask('PUT', '/docs', { user: root });
      await s3.ask('PUT', '/docs/by-s3', { user: root, body: 'from S3' });
      const args = ['-c', script, String(webHdfs.listening.port)];
      const { code, stdout, stderr } = await run(pythonPath, args);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout.toString()), {
        ...{ big: true, seek: true, small: 'hello world', s3: 'from S3' },
        ls: ['/docs/a/big', '/docs/a/small'],
        info: ['directory', 11],
        exists: [true, false],
        summary: [2, 3, 10_240_018],
        ukey: 'MD5-of-0MD5-of-512CRC32C',
        set: ['600', 'ann', 'staff', 2],
        moved: ['/docs/b/big', '/docs/b/small', '/docs/by-s3'],
        errors: [
          ...['FileNotFoundError', 'PermissionError', 'PermissionError', 'RuntimeError'],
          'ValueError',
        ],
        home: '/user/plinth',
        left: ['/docs/by-s3'],
      });
    });
  },
);
