/** The trash through the door, and its checkpoints by a clock that is set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BothDoors, withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { root } from '../../../tests/support/files/s3-bed.ts';
import { json, names, put, refusal, text } from '../../../tests/support/files/webhdfs-answers.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { checkpointName, checkpointTime, TrashEmptier } from './trash.ts';

const ON = { trashMinutes: 60 };
const TRASH = '/user/plinth/.Trash';
const yes = { boolean: true };

const remove = ({ ask }: BothDoors, path: string, query = '', user = 'plinth') =>
  json(ask('DELETE', path, `DELETE${query}`, { user }));

test('what is deleted is in the trash of who deleted it, and goes from there for good', async () => {
  await withBothDoors(async (doors) => {
    const { ask, files } = doors;
    await put(doors, '/b/d/f', 'one');
    assert.deepEqual(await remove(doors, '/b/d/f'), yes);
    assert.equal(await refusal(ask('GET', '/b/d/f', 'OPEN')), '404 FileNotFoundException');
    assert.equal(await text(doors, `${TRASH}/Current/b/d/f`), 'one');
    await put(doors, '/b/d/f', 'two');
    assert.equal(
      await refusal(ask('DELETE', '/b/d', 'DELETE')),
      '403 PathIsNotEmptyDirectoryException',
    );
    assert.deepEqual(await remove(doors, '/b/d', '&recursive=true'), yes);
    const inTrash = await names(doors, `${TRASH}/Current/b`);
    assert.equal(inTrash.length, 2);
    assert.match(String(inTrash[1]), /^d\d+\/$/);
    assert.equal(await text(doors, `${TRASH}/Current/b/${inTrash[1]}f`), 'two');
    const back = `RENAME&destination=/b/back`;
    assert.deepEqual(await json(ask('PUT', `${TRASH}/Current/b/d`, back)), yes);
    assert.equal(await text(doors, '/b/back/f'), 'one');
    assert.deepEqual(await remove(doors, '/b/back/f', '&skiptrash=true'), yes);
    assert.deepEqual(await remove(doors, `${TRASH}/Current/b`, '&recursive=true'), yes);
    await files.idle();
    assert.equal(files.total.files, 0);
    assert.deepEqual(await remove(doors, '/b/none'), { boolean: false });
    for (const path of ['/user', '/user/plinth']) {
      const asked = ask('DELETE', path, 'DELETE&recursive=true');
      assert.equal(await refusal(asked), '403 IOException', path);
    }
    const defaults = await json(ask('GET', '/', 'GETSERVERDEFAULTS'));
    assert.match(JSON.stringify(defaults), /"trashInterval":60/);
  }, ON);
});

test('each user has a trash of the own, which others do not look into', async () => {
  await withBothDoors(async (doors) => {
    const { ask } = doors;
    await ask('PUT', '/b', 'MKDIRS&permission=777');
    const ann = { user: 'ann' };
    assert.equal((await ask('PUT', '/b/f', 'CREATE', { ...ann, body: 'x' })).status, 201);
    assert.deepEqual(await remove(doors, '/b/f', '', 'ann'), yes);
    const path = '/user/ann/.Trash/Current/b/f';
    assert.equal((await ask('GET', path, 'OPEN', ann)).status, 200);
    const other = ask('GET', path, 'OPEN', { user: 'bob' });
    assert.equal(await refusal(other), '403 AccessControlException');
    await put(doors, '/b/of-plinth', 'x');
    await remove(doors, '/b/of-plinth');
    const roots = async (query: string, user: string): Promise<unknown> => {
      const { Paths } = (await json(ask('GET', '/', `GETTRASHROOTS${query}`, { user }))) as {
        Paths: { path: string }[];
      };
      return Paths.map((each) => each.path);
    };
    assert.deepEqual(await roots('', 'ann'), ['/user/ann/.Trash']);
    assert.deepEqual(await roots('&allusers=true', 'ann'), ['/user/ann/.Trash']);
    assert.deepEqual(await roots('&allusers=true', 'plinth'), ['/user/ann/.Trash', TRASH]);
    assert.deepEqual(await roots('', 'bob'), []);
    assert.equal(
      await refusal(
        ask('DELETE', '/b/none/x', 'DELETE', { user: 'bob' }).then(async (got) => {
          // Nothing is there: that is no exception, and nothing is made for it.
          assert.deepEqual(await got.json(), { boolean: false });
          return ask('GET', '/user/bob', 'GETFILESTATUS');
        }),
      ),
      '404 FileNotFoundException',
    );
  }, ON);
});

test('checkpoints are made, and go when they are old enough', async () => {
  await withBothDoors(async (doors) => {
    const { files } = doors;
    const clock = createSimClock();
    const times = { minutes: 120, checkpointMinutes: 60 };
    const onFailure = (error: unknown) => assert.fail(String(error));
    const emptier = new TrashEmptier({ files, clock, onFailure }, times);
    const made: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      await put(doors, `/b/${name}`, name);
      await remove(doors, `/b/${name}`);
      made.push(checkpointName(clock.wallMs()));
      await emptier.run();
      await emptier.run();
      await clock.advance(60 * 60_000);
    }
    const left = made.slice(2).map((name) => `${name}/`);
    assert.deepEqual(await names(doors, TRASH), left);
    await emptier.run();
    assert.deepEqual(await names(doors, TRASH), left.slice(1));
    await files.idle();
    assert.equal(files.total.files, 1);
    await emptier.stop();
  }, ON);
});

test('two checkpoints of one second have names of their own, and what is none stays', async () => {
  await withBothDoors(async (doors) => {
    const { files, ask } = doors;
    const clock = createSimClock();
    const onFailure = (error: unknown) => assert.fail(String(error));
    const times = { minutes: 1, checkpointMinutes: 0 };
    const emptier = new TrashEmptier({ files, clock, onFailure }, times);
    const name = checkpointName(clock.wallMs());
    for (const each of ['a', 'b']) {
      await put(doors, `/b/${each}`, each);
      await remove(doors, `/b/${each}`);
      await emptier.run();
    }
    await ask('PUT', `${TRASH}/kept by hand`, 'MKDIRS');
    assert.deepEqual(await names(doors, TRASH), [`${name}-1/`, `${name}/`, 'kept by hand/']);
    await clock.advance(61_000);
    await emptier.run();
    assert.deepEqual(await names(doors, TRASH), ['kept by hand/']);
    assert.equal(checkpointTime('kept by hand'), undefined);
    const nowMs = Math.floor(clock.wallMs() / 1000) * 1000;
    assert.equal(checkpointTime(checkpointName(nowMs)), nowMs);
  }, ON);
});

test('a file of a bucket that keeps versions stays there behind a delete marker', async () => {
  await withBothDoors(async (doors) => {
    const { s3, ask } = doors;
    await s3.ask('PUT', '/docs', { user: root });
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    await s3.ask('PUT', '/docs', { user: root, query: { versioning: '' }, body });
    await s3.ask('PUT', '/docs/f', { user: root, body: 'x' });
    assert.deepEqual(await remove(doors, '/docs/f'), yes);
    const versions = await s3.ask('GET', '/docs', { user: root, query: { versions: '' } });
    assert.match(versions.text, /<DeleteMarker>/);
    assert.equal((await ask('GET', TRASH, 'GETFILESTATUS')).status, 404);
  }, ON);
});
