"""Objects: reads, writes, conditions, ranges, copies, versions, and configurations that there are not."""
import datetime
import time

from botocore.exceptions import ClientError

from checks import alt, anon, bucket, s3, tell, want, with_fields

b = bucket()
want('read nonexist', lambda: s3.get_object(Bucket=b, Key='bar'), '404 NoSuchKey')
want('write no bucket', lambda: s3.put_object(Bucket='nope-nope', Key='foo', Body=b''), '404 NoSuchBucket')
r = s3.put_object(Bucket=b, Key='foo', Body=b'bar')
want('etag', r['ETag'], '"37b51d194a7513e45b56f6524f2d51f2"')
r = s3.put_object(
    Bucket=b,
    Key='bar',
    Body='bar',
    CacheControl='public, max-age=14400',
    Expires=datetime.datetime(2030, 1, 1),
)
r = s3.head_object(Bucket=b, Key='bar')
want('cc', (r['CacheControl'], r['Expires'].year), ('public, max-age=14400', 2030))
s3.put_object(Bucket=b, Key='m', Body='x', Metadata={'meta1': 'mymeta'})
want('meta', s3.get_object(Bucket=b, Key='m')['Metadata'], {'meta1': 'mymeta'})
s3.put_object(Bucket=b, Key='m', Body='x', Metadata={'meta1': ''})
want('meta empty', s3.get_object(Bucket=b, Key='m')['Metadata'], {'meta1': ''})
s3.put_object(Bucket=b, Key='m', Body='x')
want('meta overwrite', s3.get_object(Bucket=b, Key='m')['Metadata'], {})
want(
    'meta too large',
    lambda: s3.put_object(Bucket=b, Key='m', Body='x', Metadata={'a': 'x' * 2048}),
    '400 MetadataTooLarge',
)
want('meta max', lambda: s3.put_object(Bucket=b, Key='m', Body='x', Metadata={'a': 'x' * 2047}), 'ok')
r = s3.head_object(Bucket=b, Key='m')
want('type', r['ContentType'], 'binary/octet-stream')
want('head nonexist', lambda: s3.head_object(Bucket=b, Key='nope'), '404 404')
want('head no bucket', lambda: s3.head_bucket(Bucket='nope-nope'), '404 404')
want('key too long', lambda: s3.put_object(Bucket=b, Key='x' * 1025, Body=''), '400 KeyTooLongError')
want('key 1024', lambda: s3.put_object(Bucket=b, Key='x' * 1024, Body=''), 'ok')
want('delete nonexist', lambda: s3.delete_object(Bucket=b, Key='nope'), 'ok')
want('delete bucket nonempty', lambda: s3.delete_bucket(Bucket=b), '409 BucketNotEmpty')
want('delete bucket no', lambda: s3.delete_bucket(Bucket='nope-nope'), '404 NoSuchBucket')
et = s3.put_object(Bucket=b, Key='foo', Body=b'bar')['ETag']
want('ifmatch good', lambda: s3.get_object(Bucket=b, Key='foo', IfMatch=et), 'ok')
want(
    'ifmatch failed',
    lambda: s3.get_object(Bucket=b, Key='foo', IfMatch='"ABCORZ"'),
    '412 PreconditionFailed',
)
want('ifnone good', lambda: s3.get_object(Bucket=b, Key='foo', IfNoneMatch=et), '304 304')
want('ifnone failed', lambda: s3.get_object(Bucket=b, Key='foo', IfNoneMatch='ABCORZ'), 'ok')
want(
    'ifmod good',
    lambda: s3.get_object(Bucket=b, Key='foo', IfModifiedSince='Sat, 29 Oct 1994 19:43:31 GMT'),
    'ok',
)
lm = s3.get_object(Bucket=b, Key='foo')['LastModified']
time.sleep(1.1)
want(
    'ifmod failed',
    lambda: s3.get_object(Bucket=b, Key='foo', IfModifiedSince=lm + datetime.timedelta(seconds=1)),
    '304 304',
)
want(
    'ifmod future ignored',
    lambda: s3.get_object(Bucket=b, Key='foo', IfModifiedSince=lm + datetime.timedelta(days=100)),
    '304 304',
)
want(
    'ifunmod good',
    lambda: s3.get_object(Bucket=b, Key='foo', IfUnmodifiedSince='Sat, 29 Oct 1994 19:43:31 GMT'),
    '412 PreconditionFailed',
)
want(
    'ifunmod failed',
    lambda: s3.get_object(Bucket=b, Key='foo', IfUnmodifiedSince='Tue, 29 Oct 2100 19:43:31 GMT'),
    'ok',
)
want(
    'both match unmod',
    lambda: s3.get_object(Bucket=b, Key='foo', IfMatch=et, IfUnmodifiedSince='Sat, 29 Oct 1994 19:43:31 GMT'),
    'ok',
)
want(
    'both none mod',
    lambda: s3.get_object(Bucket=b, Key='foo', IfNoneMatch='x', IfModifiedSince=lm + datetime.timedelta(seconds=1)),
    'ok',
)
s3.put_object(Bucket=b, Key='r', Body=b'testcontent')
for rg, exp in [
    ('bytes=4-7', b'cont'),
    ('bytes=4-', b'content'),
    ('bytes=-7', b'content'),
    ('bytes= -1', b'testcontent'),
    ('bytes=10-5', b'testcontent'),
    ('bytes=0-0,1-2', b'testcontent'),
    ('foo=0-1', b'testcontent'),
    ('bytes=00-01', b'te'),
    ('bytes=-100', b'testcontent'),
]:
    want('range ' + rg, s3.get_object(Bucket=b, Key='r', Range=rg)['Body'].read(), exp)
want('range invalid', lambda: s3.get_object(Bucket=b, Key='r', Range='bytes=40-50'), '416 InvalidRange')
want('range -0', lambda: s3.get_object(Bucket=b, Key='r', Range='bytes=-0'), '416 InvalidRange')
s3.put_object(Bucket=b, Key='e', Body=b'')
want('range empty', lambda: s3.get_object(Bucket=b, Key='e', Range='bytes=40-50'), '416 InvalidRange')
r = s3.get_object(Bucket=b, Key='r', Range='bytes=4-7')
want(
    '206',
    (r['ResponseMetadata']['HTTPStatusCode'], r['ContentRange'], r['AcceptRanges']),
    (206, 'bytes 4-7/11', 'bytes'),
)
r = s3.get_object(
    Bucket=b,
    Key='r',
    ResponseCacheControl='no-cache',
    ResponseContentDisposition='bla',
    ResponseContentEncoding='aaa',
    ResponseContentLanguage='esperanto',
    ResponseContentType='foo/bar',
    ResponseExpires=datetime.datetime(2015, 1, 1),
)
want(
    'overrides',
    (
        r['CacheControl'],
        r['ContentDisposition'],
        r['ContentEncoding'],
        r['ContentLanguage'],
        r['ContentType'],
        r['Expires'].year,
    ),
    ('no-cache', 'bla', 'aaa', 'esperanto', 'foo/bar', 2015),
)
s3.put_object_acl(Bucket=b, Key='r', ACL='public-read')
want(
    'anon override',
    lambda: anon.get_object(Bucket=b, Key='r', ResponseContentType='a/b'),
    '400 InvalidRequest',
)
s3.put_object(Bucket=b, Key='ce', Body=b'x', ContentEncoding='gzip')
want('ce', s3.head_object(Bucket=b, Key='ce')['ContentEncoding'], 'gzip')
want(
    'ce aws',
    lambda: with_fields(
        s3,
        'PutObject',
        {'content-encoding': 'aws-chunked'},
        lambda: s3.put_object(Bucket=b, Key='ce2', Body=b'x'),
    ),
    'ok',
)
want('ce2', s3.head_object(Bucket=b, Key='ce2').get('ContentEncoding'), None)
for v, exp in [
    ('YWJyYWNhZGFicmE=', '400 InvalidDigest'),
    ('rL0Y20xC+Fzt72VPzMSk2A==', '400 BadDigest'),
    ('', '400 InvalidDigest'),
]:
    want('md5 ' + v, lambda: s3.put_object(Bucket=b, Key='md', Body=b'bar', ContentMD5=v), exp)
for i in range(3):
    s3.put_object(Bucket=b, Key=f'd{i}', Body=b'x')
r = s3.delete_objects(Bucket=b, Delete={'Objects': [{'Key': 'd0'}, {'Key': 'd1'}, {'Key': 'nope'}]})
want('multidel', ([x['Key'] for x in r['Deleted']], 'Errors' in r), (['d0', 'd1', 'nope'], False))
r = s3.delete_objects(Bucket=b, Delete={'Objects': [{'Key': 'd2'}], 'Quiet': True})
want('quiet', 'Deleted' in r, False)
want(
    '>1000',
    lambda: s3.delete_objects(Bucket=b, Delete={'Objects': [{'Key': f'k{i}'} for i in range(1001)]}),
    '400 MalformedXML',
)
want(
    '1000',
    lambda: s3.delete_objects(Bucket=b, Delete={'Objects': [{'Key': f'k{i}'} for i in range(1000)]}),
    'ok',
)
c = bucket()
s3.put_object(Bucket=b, Key='src', Body=b'foo', ContentType='text/bla', Metadata={'a': '1'}, Tagging='t=1')
want(
    'copy 0',
    lambda: (
        s3.put_object(Bucket=b, Key='z0', Body=b''),
        s3.copy_object(Bucket=b, Key='z1', CopySource={'Bucket': b, 'Key': 'z0'}),
    ),
    'ok',
)
s3.copy_object(Bucket=c, Key='dst', CopySource={'Bucket': b, 'Key': 'src'})
r = s3.get_object(Bucket=c, Key='dst')
want(
    'copied',
    (r['Body'].read(), r['ContentType'], r['Metadata'], r.get('TagCount')),
    (b'foo', 'text/bla', {'a': '1'}, 1),
)
want(
    'copy itself',
    lambda: s3.copy_object(Bucket=b, Key='src', CopySource={'Bucket': b, 'Key': 'src'}),
    '400 InvalidRequest',
)
want(
    'copy itself meta',
    lambda: s3.copy_object(
        Bucket=b,
        Key='src',
        CopySource={'Bucket': b, 'Key': 'src'},
        Metadata={'foo': 'bar'},
        MetadataDirective='REPLACE',
    ),
    'ok',
)
want('copy replaced', s3.head_object(Bucket=b, Key='src')['Metadata'], {'foo': 'bar'})
want(
    'copy no src',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource={'Bucket': b, 'Key': 'nope'}),
    '404 NoSuchKey',
)
want(
    'copy no bucket',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource={'Bucket': b + 'x', 'Key': 'nope'}),
    '404 NoSuchBucket',
)
want(
    'copy no acl',
    lambda: alt.copy_object(Bucket=b, Key='x', CopySource={'Bucket': b, 'Key': 'src'}),
    '403 AccessDenied',
)
want(
    'copy ifmatch',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource=f'{b}/src', CopySourceIfMatch='"x"'),
    '412 PreconditionFailed',
)
want(
    'copy ifnone',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource=f'{b}/src', CopySourceIfNoneMatch='"x"'),
    'ok',
)
for src, exp in [
    ('bucket', ('400 InvalidArgument',)),
    ('bucket/', ('400 InvalidArgument',)),
    ('192.168.1.1/foo', ('400 InvalidArgument',)),
    (f'arn:aws:s3:::{b}/src', ('400 InvalidArgument',)),
]:
    want('copy source ' + src, lambda: s3.copy_object(Bucket=b, Key='x', CopySource=src), *exp)
want(
    'directive',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource=f'{b}/src', MetadataDirective='invalid'),
    '400 InvalidArgument',
)
want(
    'tdirective',
    lambda: s3.copy_object(Bucket=b, Key='x', CopySource=f'{b}/src', TaggingDirective='invalid'),
    '400 InvalidArgument',
)
s3.put_bucket_versioning(Bucket=c, VersioningConfiguration={'Status': 'Enabled'})
v1 = s3.put_object(Bucket=c, Key='k?v ö', Body=b'1')['VersionId']
s3.put_object(Bucket=c, Key='k?v ö', Body=b'2')
r = s3.copy_object(Bucket=c, Key='kc', CopySource={'Bucket': c, 'Key': 'k?v ö', 'VersionId': v1})
want('copyver', (s3.get_object(Bucket=c, Key='kc')['Body'].read(), r['CopySourceVersionId']), (b'1', v1))
want(
    'copy itself version',
    lambda: s3.copy_object(Bucket=c, Key='k?v ö', CopySource={'Bucket': c, 'Key': 'k?v ö', 'VersionId': v1}),
    'ok',
)
want(
    'susp unver',
    lambda: s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={'Status': 'foo'}),
    '400 IllegalVersioningConfigurationException',
)
want('ver get', s3.get_bucket_versioning(Bucket=b).get('Status'), None)
d = s3.delete_object(Bucket=c, Key='kc')
want('marker', (d.get('DeleteMarker'), 'VersionId' in d), (True, True))
want(
    'get marker version',
    lambda: s3.get_object(Bucket=c, Key='kc', VersionId=d['VersionId']),
    '405 MethodNotAllowed',
)
want('head marker version', lambda: s3.head_object(Bucket=c, Key='kc', VersionId=d['VersionId']), '405 405')
try:
    s3.head_object(Bucket=c, Key='kc')
except ClientError as e:
    want('head deleted', e.response['ResponseMetadata']['HTTPHeaders'].get('x-amz-delete-marker'), 'true')
r = s3.delete_objects(Bucket=c, Delete={'Objects': [{'Key': 'kc', 'VersionId': d['VersionId']}]})
want(
    'multidel marker',
    r['Deleted'],
    [
        {
            'Key': 'kc',
            'VersionId': d['VersionId'],
            'DeleteMarker': True,
            'DeleteMarkerVersionId': d['VersionId'],
        },
    ],
)
r = s3.delete_objects(Bucket=c, Delete={'Objects': [{'Key': 'kc'}]})
want(
    'multidel creates',
    (r['Deleted'][0]['DeleteMarker'], 'DeleteMarkerVersionId' in r['Deleted'][0]),
    (True, True),
)
want('tags of marker', lambda: s3.get_object_tagging(Bucket=c, Key='kc'), '404 NoSuchKey')
want('acl of marker', lambda: s3.get_object_acl(Bucket=c, Key='kc'), '404 NoSuchKey')
want(
    'copy deleted',
    lambda: s3.copy_object(Bucket=c, Key='q', CopySource={'Bucket': c, 'Key': 'kc'}),
    '404 NoSuchKey',
)
r = s3.get_object_attributes(
    Bucket=b,
    Key='src',
    ObjectAttributes=['ETag', 'ObjectSize', 'StorageClass', 'Checksum', 'ObjectParts'],
)
want(
    'attrs',
    (r['ETag'], r['ObjectSize'], r['StorageClass']),
    ('acbd18db4cc2f85cedef654fccc4a4d8', 3, 'STANDARD'),
)
want(
    'attrs bad',
    lambda: s3.get_object_attributes(Bucket=b, Key='src', ObjectAttributes=['Bad']),
    '400 InvalidArgument',
)
want('torrent', lambda: s3.get_object_torrent(Bucket=b, Key='src'), '501 NotImplemented')
want(
    'select',
    lambda: s3.select_object_content(
        Bucket=b,
        Key='src',
        ExpressionType='SQL',
        Expression='x',
        InputSerialization={'CSV': {}},
        OutputSerialization={'CSV': {}},
    ),
    '501 NotImplemented',
)
want(
    'storage class',
    lambda: s3.put_object(Bucket=b, Key='sc', Body=b'', StorageClass='GLACIER'),
    '400 InvalidStorageClass',
)
want('location', s3.get_bucket_location(Bucket=b)['LocationConstraint'], None)
h = s3.head_bucket(Bucket=b)
want(
    'ids',
    (
        'x-amz-request-id' in h['ResponseMetadata']['HTTPHeaders']
        and 'x-amz-id-2' in h['ResponseMetadata']['HTTPHeaders']
    ),
    True,
)
for read, missing in [
    (s3.get_bucket_policy, 'NoSuchBucketPolicy'),
    (s3.get_bucket_tagging, 'NoSuchTagSet'),
    (s3.get_bucket_cors, 'NoSuchCORSConfiguration'),
    (s3.get_bucket_lifecycle_configuration, 'NoSuchLifecycleConfiguration'),
    (s3.get_public_access_block, 'NoSuchPublicAccessBlockConfiguration'),
    (s3.get_bucket_ownership_controls, 'OwnershipControlsNotFoundError'),
    (s3.get_bucket_encryption, 'ServerSideEncryptionConfigurationNotFoundError'),
    (s3.get_object_lock_configuration, 'ObjectLockConfigurationNotFoundError'),
    (s3.get_bucket_website, 'NoSuchWebsiteConfiguration'),
    (s3.get_bucket_replication, 'ReplicationConfigurationNotFoundError'),
]:
    want(missing, lambda: read(Bucket=b), f'404 {missing}')
for name, f in [
    ('logging', s3.get_bucket_logging),
    ('notif', s3.get_bucket_notification_configuration),
    ('pay', s3.get_bucket_request_payment),
    ('accel', s3.get_bucket_accelerate_configuration),
]:
    want('get ' + name, lambda: f(Bucket=b), 'ok')
for name, f in [
    ('pab', s3.delete_public_access_block),
    ('own', s3.delete_bucket_ownership_controls),
    ('enc', s3.delete_bucket_encryption),
    ('cors', s3.delete_bucket_cors),
    ('lc', s3.delete_bucket_lifecycle),
    ('tag', s3.delete_bucket_tagging),
    ('pol', s3.delete_bucket_policy),
    ('web', s3.delete_bucket_website),
    ('repl', s3.delete_bucket_replication),
]:
    want('delete ' + name, lambda: f(Bucket=b), 'ok')
want('policy status', lambda: s3.get_bucket_policy_status(Bucket=b), 'ok')
want('analytics', lambda: s3.list_bucket_analytics_configurations(Bucket=b), '501 NotImplemented')
want('metrics', lambda: s3.list_bucket_metrics_configurations(Bucket=b), '501 NotImplemented')
want('inventory', lambda: s3.list_bucket_inventory_configurations(Bucket=b), '501 NotImplemented')
want('it', lambda: s3.list_bucket_intelligent_tiering_configurations(Bucket=b), '501 NotImplemented')
want(
    'website',
    lambda: s3.put_bucket_website(Bucket=b, WebsiteConfiguration={'IndexDocument': {'Suffix': 'i'}}),
    '501 NotImplemented',
)
want(
    'repl',
    lambda: s3.put_bucket_replication(
        Bucket=b,
        ReplicationConfiguration={'Role': 'x', 'Rules': [{'Status': 'Enabled', 'Destination': {'Bucket': 'b'}}]},
    ),
    '501 NotImplemented',
)
want(
    'notif',
    lambda: s3.put_bucket_notification_configuration(Bucket=b, NotificationConfiguration={}),
    'ok',
)

tell()
