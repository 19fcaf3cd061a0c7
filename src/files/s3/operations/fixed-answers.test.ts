/** Configurations of one form, restores: what is so is taken, what is not to be had is said so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, withS3 } from '../../../../tests/support/files/s3-bed.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

test('a configuration that is so already is taken, another is refused, one that is not there can go', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const cases: readonly [query: string, body: string, expected: string][] = [
      ['logging', '<BucketLoggingStatus/>', '200'],
      [
        'logging',
        '<BucketLoggingStatus><LoggingEnabled><TargetBucket>docs</TargetBucket></LoggingEnabled></BucketLoggingStatus>',
        '501 NotImplemented',
      ],
      ['logging', '<Other/>', '400 MalformedXML'],
      ['notification', '<NotificationConfiguration/>', '200'],
      [
        'notification',
        '<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>',
        '501 NotImplemented',
      ],
      [
        'requestPayment',
        '<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>',
        '200',
      ],
      [
        'requestPayment',
        '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
        '501 NotImplemented',
      ],
      ['requestPayment', '<RequestPaymentConfiguration/>', '400 MalformedXML'],
      [
        'accelerate',
        '<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>',
        '501 NotImplemented',
      ],
      ['website', '<WebsiteConfiguration/>', '501 NotImplemented'],
    ];
    for (const [query, body, expected] of cases) {
      assert.equal(
        outcome(await bed.ask('PUT', '/docs', { query: { [query]: '' }, body })),
        expected,
      );
    }
    for (const query of ['website', 'replication']) {
      assert.equal(outcome(await bed.ask('DELETE', '/docs', { query: { [query]: '' } })), '204');
    }
    assert.match(
      (await bed.ask('GET', '/docs', { query: { requestPayment: '' } })).text,
      />BucketOwner</,
    );
  });
});

test('what is not archived can not be restored', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const restore = {
      query: { restore: '' },
      body: '<RestoreRequest><Days>1</Days></RestoreRequest>',
    };
    assert.equal(outcome(await bed.ask('POST', '/docs/k', restore)), '403 InvalidObjectState');
    assert.equal(outcome(await bed.ask('POST', '/docs/none', restore)), '404 NoSuchKey');
  });
});
