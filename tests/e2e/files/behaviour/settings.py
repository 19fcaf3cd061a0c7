"""Tags, ownership, lifecycle, CORS, encryption, locks, and names of buckets."""
import base64
import datetime
import hashlib

from checks import alt, anon, bucket, s3, tell, want, with_fields

T = lambda **k: {'TagSet': [{'Key': x, 'Value': y} for x, y in k.items()]}
t = bucket()
s3.put_object(Bucket=t, Key='k', Body=b'')
want('tags none', s3.get_object_tagging(Bucket=t, Key='k')['TagSet'], [])
want(
    'tags max',
    lambda: s3.put_object_tagging(
        Bucket=t,
        Key='k',
        Tagging={'TagSet': [{'Key': f'k{i}', 'Value': 'v'} for i in range(10)]},
    ),
    'ok',
)
want(
    'tags excess',
    lambda: s3.put_object_tagging(
        Bucket=t,
        Key='k',
        Tagging={'TagSet': [{'Key': f'k{i}', 'Value': 'v'} for i in range(11)]},
    ),
    '400 BadRequest',
)
want(
    'tags long',
    lambda: s3.put_object_tagging(Bucket=t, Key='k', Tagging={'TagSet': [{'Key': 'k' * 128, 'Value': 'v' * 256}]}),
    'ok',
)
want(
    'key long',
    lambda: s3.put_object_tagging(Bucket=t, Key='k', Tagging={'TagSet': [{'Key': 'k' * 129, 'Value': 'v'}]}),
    '400 InvalidTag',
)
want(
    'val long',
    lambda: s3.put_object_tagging(Bucket=t, Key='k', Tagging={'TagSet': [{'Key': 'k', 'Value': 'v' * 257}]}),
    '400 InvalidTag',
)
want('tags empty', lambda: s3.put_object_tagging(Bucket=t, Key='k', Tagging={'TagSet': []}), 'ok')
want('delete tags', s3.delete_object_tagging(Bucket=t, Key='k')['ResponseMetadata']['HTTPStatusCode'], 204)
want('tags nokey', lambda: s3.get_object_tagging(Bucket=t, Key='nope'), '404 NoSuchKey')
s3.put_bucket_tagging(Bucket=t, Tagging=T(Hello='World'))
want('btags', s3.get_bucket_tagging(Bucket=t)['TagSet'], [{'Key': 'Hello', 'Value': 'World'}])
want(
    'btags status',
    s3.put_bucket_tagging(Bucket=t, Tagging=T(Hello='World'))['ResponseMetadata']['HTTPStatusCode'],
    204,
)
o = bucket(ObjectOwnership='BucketOwnerEnforced')
want(
    'own',
    s3.get_bucket_ownership_controls(Bucket=o)['OwnershipControls']['Rules'][0]['ObjectOwnership'],
    'BucketOwnerEnforced',
)
want('own acl', lambda: s3.put_bucket_acl(Bucket=o, ACL='private'), '400 AccessControlListNotSupported')
want(
    'own acl2',
    lambda: s3.put_bucket_acl(Bucket=o, ACL='public-read'),
    '400 AccessControlListNotSupported',
)
want(
    'own put',
    lambda: s3.put_object(Bucket=o, Key='k', Body=b'', ACL='public-read'),
    '400 AccessControlListNotSupported',
)
want(
    'own put bofc',
    lambda: s3.put_object(Bucket=o, Key='k', Body=b'', ACL='bucket-owner-full-control'),
    'ok',
)
want('own get acl', lambda: s3.get_bucket_acl(Bucket=o), 'ok')
want(
    'own put acl obj',
    lambda: s3.put_object_acl(Bucket=o, Key='k', ACL='private'),
    '400 AccessControlListNotSupported',
)
L = lambda *rules: s3.put_bucket_lifecycle_configuration(Bucket=t, LifecycleConfiguration={'Rules': list(rules)})
R = lambda **k: {'ID': 'r', 'Status': 'Enabled', 'Prefix': 'x/', **k}
want('lc', lambda: L(R(Expiration={'Days': 1})), 'ok')
want(
    'lc get',
    s3.get_bucket_lifecycle_configuration(Bucket=t)['Rules'],
    [{'Expiration': {'Days': 1}, 'ID': 'r', 'Prefix': 'x/', 'Status': 'Enabled'}],
)
want('lc id long', lambda: L(R(ID='a' * 256, Expiration={'Days': 1})), '400 InvalidArgument')
want(
    'lc same id',
    lambda: L(R(Expiration={'Days': 1}), R(Expiration={'Days': 1}, Prefix='y')),
    '400 InvalidArgument',
)
want('lc status', lambda: L(R(Status='enabled', Expiration={'Days': 1})), '400 MalformedXML')
want('lc days0', lambda: L(R(Expiration={'Days': 0})), '400 InvalidArgument')
want('lc date', lambda: L(R(Expiration={'Date': datetime.datetime(2017, 9, 27)})), 'ok')
want('lc marker', lambda: L(R(Expiration={'ExpiredObjectDeleteMarker': True})), 'ok')
want(
    'lc filter',
    lambda: L({'ID': 'r', 'Status': 'Enabled', 'Filter': {'Prefix': 'f'}, 'Expiration': {'Days': 1}}),
    'ok',
)
want(
    'lc empty filter',
    lambda: L({'ID': 'r', 'Status': 'Enabled', 'Filter': {}, 'Expiration': {'Days': 1}}),
    'ok',
)
want('lc noncur', lambda: L(R(NoncurrentVersionExpiration={'NoncurrentDays': 2})), 'ok')
want('lc mp', lambda: L(R(AbortIncompleteMultipartUpload={'DaysAfterInitiation': 2})), 'ok')
want(
    'lc transition',
    lambda: L(R(Transitions=[{'Days': 1, 'StorageClass': 'GLACIER'}])),
    '501 NotImplemented',
)
want('lc none', lambda: L(R()), '400 InvalidRequest')
want(
    'lc tag',
    lambda: L(
        {
            'ID': 'r',
            'Status': 'Enabled',
            'Filter': {'Tag': {'Key': 'a', 'Value': 'b'}},
            'Expiration': {'Days': 1},
        },
    ),
    'ok',
)
want(
    'lc and',
    lambda: L(
        {
            'ID': 'r',
            'Status': 'Enabled',
            'Filter': {'And': {'Prefix': 'p', 'Tags': [{'Key': 'a', 'Value': 'b'}]}},
            'Expiration': {'Days': 1},
        },
    ),
    'ok',
)
s3.delete_bucket_lifecycle(Bucket=t)
want(
    'cors',
    lambda: s3.put_bucket_cors(
        Bucket=t,
        CORSConfiguration={
            'CORSRules': [
                {
                    'AllowedMethods': ['GET', 'PUT'],
                    'AllowedOrigins': ['*.get', '*.put'],
                    'AllowedHeaders': ['*'],
                    'ExposeHeaders': ['x-a'],
                    'MaxAgeSeconds': 10,
                },
            ],
        },
    ),
    'ok',
)
want(
    'cors get',
    s3.get_bucket_cors(Bucket=t)['CORSRules'],
    [
        {
            'AllowedHeaders': ['*'],
            'AllowedMethods': ['GET', 'PUT'],
            'AllowedOrigins': ['*.get', '*.put'],
            'ExposeHeaders': ['x-a'],
            'MaxAgeSeconds': 10,
        },
    ],
)
k = 'k' * 32
kw = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': k}
e = bucket()
want('ssec put', lambda: s3.put_object(Bucket=e, Key='k', Body=b'A' * 1000, **kw), 'ok')
want('ssec get', s3.get_object(Bucket=e, Key='k', **kw)['Body'].read() == b'A' * 1000, True)
want('ssec no key', lambda: s3.get_object(Bucket=e, Key='k'), '400 InvalidRequest')
want('ssec head no key', lambda: s3.head_object(Bucket=e, Key='k'), '400 400')
want(
    'ssec other',
    lambda: s3.get_object(Bucket=e, Key='k', SSECustomerAlgorithm='AES256', SSECustomerKey='o' * 32),
    '403 AccessDenied',
)
want(
    'ssec algo only',
    lambda: s3.put_object(Bucket=e, Key='k', Body=b'', SSECustomerAlgorithm='AES256'),
    '400 InvalidArgument',
)
want(
    'ssec bad md5',
    lambda: s3.put_object(Bucket=e, Key='k', Body=b'', SSECustomerKeyMD5='AAAAAAAAAAAAAAAAAAAAAA==', **kw),
    '400 InvalidArgument',
)
r = s3.put_object(Bucket=e, Key='s', Body=b'x', ServerSideEncryption='AES256')
want('sse', r.get('ServerSideEncryption'), 'AES256')
want(
    'kms',
    lambda: s3.put_object(Bucket=e, Key='s', Body=b'x', ServerSideEncryption='aws:kms'),
    '501 NotImplemented',
)
want(
    'sse get w/ header',
    lambda: with_fields(
        s3,
        'GetObject',
        {'x-amz-server-side-encryption': 'AES256'},
        lambda: s3.get_object(Bucket=e, Key='s'),
    ),
    'ok',
)


def by_default(algorithm):
    return {'Rules': [{'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': algorithm}}]}


want(
    'enc put',
    lambda: s3.put_bucket_encryption(
        Bucket=e,
        ServerSideEncryptionConfiguration=by_default('AES256'),
    ),
    'ok',
)
want('enc default', s3.put_object(Bucket=e, Key='d', Body=b'x').get('ServerSideEncryption'), 'AES256')
want(
    'enc kms',
    lambda: s3.put_bucket_encryption(
        Bucket=e,
        ServerSideEncryptionConfiguration=by_default('aws:kms'),
    ),
    '501 NotImplemented',
)
lb = bucket(ObjectLockEnabledForBucket=True)
D = datetime.datetime(2030, 1, 1)
want('lock ver', s3.get_bucket_versioning(Bucket=lb)['Status'], 'Enabled')
C = lambda **k: s3.put_object_lock_configuration(
    Bucket=k.pop('B', lb),
    ObjectLockConfiguration={'ObjectLockEnabled': 'Enabled', 'Rule': {'DefaultRetention': k}},
)
want('lc days', lambda: C(Mode='GOVERNANCE', Days=1), 'ok')
want('lc years', lambda: C(Mode='COMPLIANCE', Years=1), 'ok')
want('both', lambda: C(Mode='GOVERNANCE', Days=1, Years=1), '400 MalformedXML')
want('zero', lambda: C(Mode='GOVERNANCE', Days=0), '400 InvalidRetentionPeriod')
want('mode', lambda: C(Mode='abc', Years=1), '400 MalformedXML')
want(
    'status',
    lambda: s3.put_object_lock_configuration(Bucket=lb, ObjectLockConfiguration={'ObjectLockEnabled': 'Disabled'}),
    '400 MalformedXML',
)
want('invalid bucket', lambda: C(B=t, Mode='GOVERNANCE', Days=1), '409 InvalidBucketState')
want(
    'suspend',
    lambda: s3.put_bucket_versioning(Bucket=lb, VersioningConfiguration={'Status': 'Suspended'}),
    '409 InvalidBucketState',
)
s3.put_object_lock_configuration(Bucket=lb, ObjectLockConfiguration={'ObjectLockEnabled': 'Enabled'})
v = s3.put_object(Bucket=lb, Key='k', Body=b'x')['VersionId']
want('ret none', lambda: s3.get_object_retention(Bucket=lb, Key='k'), '404 NoSuchObjectLockConfiguration')
want('hold none', lambda: s3.get_object_legal_hold(Bucket=lb, Key='k'), '404 NoSuchObjectLockConfiguration')
want(
    'ret bad bucket',
    lambda: s3.put_object_retention(Bucket=t, Key='k', Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': D}),
    '400 InvalidRequest',
)
want(
    'ret bad mode',
    lambda: s3.put_object_retention(Bucket=lb, Key='k', Retention={'Mode': 'governance', 'RetainUntilDate': D}),
    '400 MalformedXML',
)
want(
    'hold bad',
    lambda: s3.put_object_legal_hold(Bucket=lb, Key='k', LegalHold={'Status': 'abc'}),
    '400 MalformedXML',
)
want(
    'hold nobucket',
    lambda: s3.put_object_legal_hold(Bucket=t, Key='k', LegalHold={'Status': 'ON'}),
    '400 InvalidRequest',
)
want(
    'ret',
    lambda: s3.put_object_retention(Bucket=lb, Key='k', Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': D}),
    'ok',
)
want(
    'ret versionid',
    lambda: s3.put_object_retention(
        Bucket=lb,
        Key='k',
        VersionId=v,
        Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': D + datetime.timedelta(days=1)},
    ),
    'ok',
)
want(
    'shorten',
    lambda: s3.put_object_retention(Bucket=lb, Key='k', Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': D}),
    '403 AccessDenied',
)
want(
    'shorten bypass',
    lambda: s3.put_object_retention(
        Bucket=lb,
        Key='k',
        Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': D},
        BypassGovernanceRetention=True,
    ),
    'ok',
)
want('del', lambda: s3.delete_object(Bucket=lb, Key='k', VersionId=v), '403 AccessDenied')
r = s3.delete_objects(Bucket=lb, Delete={'Objects': [{'Key': 'k', 'VersionId': v}]})
want('multi del', r['Errors'][0]['Code'], 'AccessDenied')
want(
    'del bypass',
    lambda: s3.delete_object(Bucket=lb, Key='k', VersionId=v, BypassGovernanceRetention=True),
    'ok',
)
r = s3.put_object(
    Bucket=lb,
    Key='o',
    Body=b'abc',
    ContentMD5=base64.b64encode(hashlib.md5(b'abc').digest()).decode(),
    ObjectLockMode='GOVERNANCE',
    ObjectLockRetainUntilDate=D,
    ObjectLockLegalHoldStatus='ON',
)
h = s3.head_object(Bucket=lb, Key='o')
want(
    'lock head',
    (h['ObjectLockMode'], h['ObjectLockLegalHoldStatus'], h['ObjectLockRetainUntilDate'].year),
    ('GOVERNANCE', 'ON', 2030),
)
want('hold off', lambda: s3.put_object_legal_hold(Bucket=lb, Key='o', LegalHold={'Status': 'OFF'}), 'ok')
want('hold get', s3.get_object_legal_hold(Bucket=lb, Key='o')['LegalHold']['Status'], 'OFF')
want(
    'past date',
    lambda: s3.put_object(
        Bucket=lb,
        Key='p',
        Body=b'',
        ObjectLockMode='GOVERNANCE',
        ObjectLockRetainUntilDate=datetime.datetime(2020, 1, 1),
    ),
    '400 InvalidArgument',
)
want(
    'lock enabling later',
    lambda: (
        s3.put_bucket_versioning(Bucket=t, VersioningConfiguration={'Status': 'Enabled'}),
        C(B=t, Mode='GOVERNANCE', Days=1),
    ),
    'ok',
)
for nm in [
    'aa',
    'a' * 64,
    'My.bucket',
    '_x-bucket',
    'bucket_x',
    '192.168.5.123',
    'foo-.bar',
    'foo.-bar',
    'foo..bar',
    '-foo',
    'foo-',
    'foo.',
]:
    want('name ' + nm, lambda: s3.create_bucket(Bucket=nm), '400 InvalidBucketName')
want('exists own', lambda: s3.create_bucket(Bucket=t), 'ok')
want('exists other', lambda: alt.create_bucket(Bucket=t), '409 BucketAlreadyExists')
want('recreate acl', lambda: alt.create_bucket(Bucket=t, ACL='private'), '409 BucketAlreadyExists')
want(
    'loc',
    lambda: s3.create_bucket(Bucket='locx-' + t, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'}),
    '400 InvalidLocationConstraint',
)
want('anon create', lambda: anon.create_bucket(Bucket='anon-x'), '403 AccessDenied')
want('expected owner', lambda: s3.head_bucket(Bucket=t, ExpectedBucketOwner='bob'), '403 403')

tell()
