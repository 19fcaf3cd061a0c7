/** What a user may take away or read, and what comes by S3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultWebHdfs, withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { root } from '../../../tests/support/files/s3-bed.ts';
import { json, put, refusal, text } from '../../../tests/support/files/webhdfs-answers.ts';

const denied = '403 AccessControlException';
const all = 'DELETE&recursive=true';

test('a directory is taken away by who may do everything in what is not empty below it', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    const ann = { user: 'ann' };
    await ask('PUT', '/b', 'MKDIRS&permission=777');
    await ask('PUT', '/b/d/e', 'MKDIRS&permission=777', ann);
    await ask('PUT', '/b/d/e/locked', 'MKDIRS&permission=755');
    assert.equal((await ask('DELETE', '/b/d', all, ann)).status, 200, 'it is empty');
    await ask('PUT', '/b/d/e', 'MKDIRS&permission=777', ann);
    await put(doors, '/b/d/e/locked/f', 'x');
    assert.equal(await refusal(ask('DELETE', '/b/d', all, ann)), denied);
    assert.equal(await text(doors, '/b/d/e/locked/f'), 'x', 'nothing has gone');
    await ask('PUT', '/b/d/e/locked', 'SETPERMISSION&permission=777');
    assert.deepEqual(await json(ask('DELETE', '/b/d', all, ann)), { boolean: true });
    await ask('PUT', '/b/d/sticky', 'MKDIRS&permission=1777');
    await put(doors, '/b/d/sticky/of-plinth', 'x');
    await ask('PUT', '/b/d', 'SETOWNER&owner=ann');
    assert.equal(await refusal(ask('DELETE', '/b/d', all, ann)), denied);
    await ask('DELETE', '/b/d/sticky/of-plinth', 'DELETE');
    await ask('PUT', '/b/d/sticky/of-ann', 'CREATE', { ...ann, body: 'x' });
    assert.deepEqual(await json(ask('DELETE', '/b/d', all, ann)), { boolean: true });
  });
});

test('what comes by S3 is for its owner, unless a setting lets others read it', async () => {
  await withBothDoors(async (doors) => {
    const { s3, ask, webHdfs } = doors;
    await s3.ask('PUT', '/docs', { user: root });
    await s3.ask('PUT', '/docs/d/f', { user: root, body: 'x' });
    assert.equal(await text(doors, '/docs/d/f'), 'x');
    for (const query of ['OPEN', 'GETFILESTATUS']) {
      assert.equal(await refusal(ask('GET', '/docs/d/f', query, { user: 'ann' })), denied);
    }
    assert.equal(await refusal(ask('GET', '/docs', 'LISTSTATUS', { user: 'ann' })), denied);
    webHdfs.apply({ ...defaultWebHdfs(), objectMode: '644' });
    await s3.ask('PUT', '/open', { user: root });
    await s3.ask('PUT', '/open/d/f', { user: root, body: 'for all' });
    const got = await ask('GET', '/open/d/f', 'OPEN', { user: 'ann' });
    assert.equal(await got.text(), 'for all');
    const made = ask('PUT', '/open/new', 'CREATE', { user: 'ann' });
    assert.equal(await refusal(made), denied);
  });
});
