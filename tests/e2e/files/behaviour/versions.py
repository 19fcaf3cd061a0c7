"""Versions over their whole life, parts with keys of the client, and clients at once."""
import os
import threading

from checks import alt, anon, bucket, code, s3, tell, want

MB = 1 << 20
b = bucket()
V = lambda s: s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={'Status': s})
s3.put_object(Bucket=b, Key='k', Body=b'plain')
V('Enabled')
ids = [s3.put_object(Bucket=b, Key='k', Body=b'%d' % i)['VersionId'] for i in range(3)]
r = s3.list_object_versions(Bucket=b)
want('order', [v['VersionId'] for v in r['Versions']], ids[::-1] + ['null'])
want('latest', [v['IsLatest'] for v in r['Versions']], [True, False, False, False])
want('get null', s3.get_object(Bucket=b, Key='k', VersionId='null')['Body'].read(), b'plain')
r = s3.delete_object(Bucket=b, Key='k', VersionId='null')
want('del null', (r.get('VersionId'), 'DeleteMarker' in r), ('null', False))
V('Suspended')
r = s3.put_object(Bucket=b, Key='k', Body=b'susp')
want('susp put', r.get('VersionId') in (None, 'null'), True)
r = s3.list_object_versions(Bucket=b)
want('after susp', [v['VersionId'] for v in r['Versions']], ['null'] + ids[::-1])
s3.delete_object(Bucket=b, Key='k')
r = s3.list_object_versions(Bucket=b)
want(
    'susp delete',
    ([v['VersionId'] for v in r['Versions']], [m['VersionId'] for m in r['DeleteMarkers']]),
    (ids[::-1], ['null']),
)
V('Enabled')
for i in ids:
    s3.delete_object(Bucket=b, Key='k', VersionId=i)
s3.delete_object(Bucket=b, Key='k', VersionId='null')
r = s3.list_object_versions(Bucket=b)
want('empty', ('Versions' in r, 'DeleteMarkers' in r), (False, False))
want('delete bucket', lambda: s3.delete_bucket(Bucket=b), 'ok')
b = bucket()
V('Enabled')
v = s3.put_object(Bucket=b, Key='a', Body=b'x', Tagging='q=1')['VersionId']
v2_ = s3.put_object(Bucket=b, Key='a', Body=b'y')['VersionId']
s3.put_object_acl(Bucket=b, Key='a', VersionId=v, ACL='public-read')
want('anon version', anon.get_object(Bucket=b, Key='a', VersionId=v)['Body'].read(), b'x')
want('anon current', lambda: anon.get_object(Bucket=b, Key='a'), '403 AccessDenied')
want(
    'ver tag',
    s3.get_object_tagging(Bucket=b, Key='a', VersionId=v)['TagSet'],
    [{'Key': 'q', 'Value': '1'}],
)
s3.put_object_tagging(Bucket=b, Key='a', VersionId=v, Tagging={'TagSet': [{'Key': 'z', 'Value': '2'}]})
want(
    'ver tag2',
    (
        s3.get_object_tagging(Bucket=b, Key='a', VersionId=v)['TagSet'],
        s3.get_object_tagging(Bucket=b, Key='a')['TagSet'],
    ),
    ([{'Key': 'z', 'Value': '2'}], []),
)
r = s3.get_object_tagging(Bucket=b, Key='a', VersionId=v)
want('tag version', r['VersionId'], v)
want(
    'attrs version',
    s3.get_object_attributes(Bucket=b, Key='a', VersionId=v, ObjectAttributes=['ObjectSize'])['VersionId'],
    v,
)
u = s3.create_multipart_upload(Bucket=b, Key='a')['UploadId']
p = s3.upload_part(Bucket=b, Key='a', UploadId=u, PartNumber=1, Body=b'm')
r = s3.complete_multipart_upload(
    Bucket=b,
    Key='a',
    UploadId=u,
    MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': p['ETag']}]},
)
want('mp version', 'VersionId' in r, True)
r = s3.delete_object(Bucket=b, Key='zzz')
want('delete absent marker', r.get('DeleteMarker'), True)
want(
    'delete marker again',
    s3.delete_object(Bucket=b, Key='zzz', VersionId=r['VersionId']).get('DeleteMarker'),
    True,
)
key = lambda n: {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': chr(64 + n) * 32}
cs = lambda n: {'CopySourceSSECustomerAlgorithm': 'AES256', 'CopySourceSSECustomerKey': chr(64 + n) * 32}
m = bucket()
data = os.urandom(5 * MB + 100)
u = s3.create_multipart_upload(Bucket=m, Key='k', Metadata={'a': 'b'}, ContentType='text/plain', **key(1))['UploadId']
ps = [
    {
        'PartNumber': i + 1,
        'ETag': s3.upload_part(Bucket=m, Key='k', UploadId=u, PartNumber=i + 1, Body=x, **key(1))['ETag'],
    }
    for i, x in enumerate([data[:5 * MB], data[5 * MB:]])
]
want(
    'part w/o key',
    lambda: s3.upload_part(Bucket=m, Key='k', UploadId=u, PartNumber=3, Body=b'x'),
    '400 InvalidRequest',
)
want(
    'part other key',
    lambda: s3.upload_part(Bucket=m, Key='k', UploadId=u, PartNumber=3, Body=b'x', **key(2)),
    '400 InvalidRequest',
)
s3.complete_multipart_upload(Bucket=m, Key='k', UploadId=u, MultipartUpload={'Parts': ps})
r = s3.get_object(Bucket=m, Key='k', **key(1))
want(
    'sse mp',
    (r['Body'].read() == data, r['Metadata'], r['ContentType'], r['SSECustomerAlgorithm']),
    (True, {'a': 'b'}, 'text/plain', 'AES256'),
)
want(
    'sse range',
    (
        s3.get_object(Bucket=m, Key='k', Range='bytes=5242870-5242890', **key(1))['Body'].read()
        == data[5242870:5242891]
    ),
    True,
)
want('copy sse', lambda: s3.copy_object(Bucket=m, Key='c', CopySource=f'{m}/k', **cs(1), **key(2)), 'ok')
want('copy sse got', s3.get_object(Bucket=m, Key='c', **key(2))['Body'].read() == data, True)
want('copy sse plain', lambda: s3.copy_object(Bucket=m, Key='p', CopySource=f'{m}/k', **cs(1)), 'ok')
want('plain', s3.get_object(Bucket=m, Key='p')['Body'].read() == data, True)
want('copy no key', lambda: s3.copy_object(Bucket=m, Key='p', CopySource=f'{m}/k'), '400 InvalidRequest')
s3.put_object(Bucket=m, Key='anyfile%.txt', Body=b'percent')
u = s3.create_multipart_upload(Bucket=m, Key='pp')['UploadId']
want(
    'pct part copy',
    lambda: s3.upload_part_copy(
        Bucket=m,
        Key='pp',
        UploadId=u,
        PartNumber=1,
        CopySource={'Bucket': m, 'Key': 'anyfile%.txt'},
    ),
    'ok',
)
U = s3.create_multipart_upload(Bucket=m, Key='at', ChecksumAlgorithm='SHA256')['UploadId']
ps = []
for i in range(3):
    r = s3.upload_part(
        Bucket=m,
        Key='at',
        UploadId=U,
        PartNumber=i + 1,
        Body=bytes([65 + i]) * (5 * MB if i < 2 else 10),
        ChecksumAlgorithm='SHA256',
    )
    ps.append({'PartNumber': i + 1, 'ETag': r['ETag'], 'ChecksumSHA256': r['ChecksumSHA256']})
s3.complete_multipart_upload(Bucket=m, Key='at', UploadId=U, MultipartUpload={'Parts': ps})
r = s3.get_object_attributes(
    Bucket=m,
    Key='at',
    ObjectAttributes=['ObjectParts', 'Checksum'],
    MaxParts=1,
    PartNumberMarker=1,
)
q = r['ObjectParts']
want(
    'paged attrs',
    (
        q['TotalPartsCount'],
        q['PartNumberMarker'],
        q['MaxParts'],
        q['IsTruncated'],
        q['NextPartNumberMarker'],
        [x['PartNumber'] for x in q['Parts']],
    ),
    (3, 1, 1, True, 2, [2]),
)
r = s3.head_object(Bucket=m, Key='at', PartNumber=2, ChecksumMode='ENABLED')
want('head part', (r['ContentLength'], r['PartsCount']), (5 * MB, 3))
bs = []


def cb(i):
    bs.append(code(lambda: alt.create_bucket(Bucket='race-' + m)))


ts = [threading.Thread(target=cb, args=(i,)) for i in range(5)]
[t.start() for t in ts]
[t.join() for t in ts]
want('race buckets', bs, ['ok'] * 5)
U = s3.create_multipart_upload(Bucket=m, Key='gap')['UploadId']
a = s3.upload_part(Bucket=m, Key='gap', UploadId=U, PartNumber=7, Body=b'7')
s3.upload_part(Bucket=m, Key='gap', UploadId=U, PartNumber=3, Body=b'old')
c_ = s3.upload_part(Bucket=m, Key='gap', UploadId=U, PartNumber=3, Body=b'x' * (5 * MB))
want(
    'gap',
    lambda: s3.complete_multipart_upload(
        Bucket=m,
        Key='gap',
        UploadId=U,
        MultipartUpload={'Parts': [{'PartNumber': 3, 'ETag': c_['ETag']}, {'PartNumber': 7, 'ETag': a['ETag']}]},
    ),
    'ok',
)
want('gap len', s3.head_object(Bucket=m, Key='gap')['ContentLength'], 5 * MB + 1)
want('gap part 2', s3.get_object(Bucket=m, Key='gap', PartNumber=2)['Body'].read(), b'7')
want('owner id list', s3.list_objects(Bucket=m)['Contents'][0]['Owner']['ID'], 'ann')
want(
    'exp owner bad',
    lambda: s3.put_object(Bucket=m, Key='q', Body=b'', ExpectedBucketOwner='bob'),
    '403 AccessDenied',
)
want('exp owner', lambda: s3.put_object(Bucket=m, Key='q', Body=b'', ExpectedBucketOwner='ann'), 'ok')
tagged = s3.put_bucket_tagging(Bucket=m, Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})
want('tag status', tagged['ResponseMetadata']['HTTPStatusCode'], 204)
want(
    'redirect loc',
    lambda: s3.put_object(Bucket=m, Key='w', Body=b'', WebsiteRedirectLocation='/other'),
    'ok',
)
want('redirect is', s3.head_object(Bucket=m, Key='w').get('WebsiteRedirectLocation'), '/other')
want('metadata dup case', lambda: s3.put_object(Bucket=m, Key='md', Body=b'', Metadata={'A': '1'}), 'ok')
want('lower', s3.head_object(Bucket=m, Key='md')['Metadata'], {'a': '1'})

tell()
