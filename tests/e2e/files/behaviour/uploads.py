"""Uploads in parts, their listings, and checksums."""
import base64
import hashlib

from checks import bucket, s3, tell, want

MB = 1 << 20
b = bucket()


def parts(key, sizes, c=s3, **kw):
    u = c.create_multipart_upload(Bucket=b, Key=key, **kw)['UploadId']
    ps = []
    for i, s in enumerate(sizes, 1):
        r = c.upload_part(Bucket=b, Key=key, UploadId=u, PartNumber=i, Body=bytes([65 + i]) * s)
        ps.append({'PartNumber': i, 'ETag': r['ETag']})
    return (u, ps)


u, ps = parts('k', [5 * MB, 3])
finish = lambda: s3.complete_multipart_upload(Bucket=b, Key='k', UploadId=u, MultipartUpload={'Parts': ps})
r = finish()
want('complete etag', r['ETag'].endswith('-2"'), True)
want('again', finish, 'ok')
want('loc', r['Location'].endswith(f'/{b}/k'), True)
want('abort after', lambda: s3.abort_multipart_upload(Bucket=b, Key='k', UploadId=u), '404 NoSuchUpload')
r = s3.get_object(Bucket=b, Key='k', PartNumber=2)
want(
    'part',
    (r['Body'].read(), r['PartsCount'], r['ContentLength'], r['ResponseMetadata']['HTTPStatusCode']),
    (b'CCC', 2, 3, 206),
)
want('part 3', lambda: s3.get_object(Bucket=b, Key='k', PartNumber=3), '416 InvalidPartNumber')
want('part 0', lambda: s3.get_object(Bucket=b, Key='k', PartNumber=0), '400 InvalidArgument')
want(
    'part+range',
    lambda: s3.get_object(Bucket=b, Key='k', PartNumber=1, Range='bytes=0-1'),
    '400 InvalidRequest',
)
s3.put_object(Bucket=b, Key='s', Body=b'abc')
r = s3.get_object(Bucket=b, Key='s', PartNumber=1)
want('single part', (r['Body'].read(), 'PartsCount' in r), (b'abc', False))
want('single part 2', lambda: s3.get_object(Bucket=b, Key='s', PartNumber=2), '416 InvalidPartNumber')
u, ps = parts('t', [10, 10])
want(
    'small',
    lambda: s3.complete_multipart_upload(Bucket=b, Key='t', UploadId=u, MultipartUpload={'Parts': ps}),
    '400 EntityTooSmall',
)
want(
    'missing',
    lambda: s3.complete_multipart_upload(
        Bucket=b,
        Key='t',
        UploadId=u,
        MultipartUpload={'Parts': [{'PartNumber': 9999, 'ETag': ps[0]['ETag']}]},
    ),
    '400 InvalidPart',
)
want(
    'bad etag',
    lambda: s3.complete_multipart_upload(
        Bucket=b,
        Key='t',
        UploadId=u,
        MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': 'ffffffffffffffffffffffffffffffff'}]},
    ),
    '400 InvalidPart',
)
want('empty', lambda: s3.complete_multipart_upload(Bucket=b, Key='t', UploadId=u), '400 MalformedXML')
want(
    'order',
    lambda: s3.complete_multipart_upload(Bucket=b, Key='t', UploadId=u, MultipartUpload={'Parts': ps[::-1]}),
    '400 InvalidPartOrder',
)
want(
    'complete wrong key',
    lambda: s3.complete_multipart_upload(Bucket=b, Key='t2', UploadId=u, MultipartUpload={'Parts': ps}),
    '404 NoSuchUpload',
)
for n in (0, 10001, -1):
    want(
        f'pn {n}',
        lambda: s3.upload_part(Bucket=b, Key='t', UploadId=u, PartNumber=n, Body=b''),
        '400 InvalidArgument',
    )
want('abort', lambda: s3.abort_multipart_upload(Bucket=b, Key='t', UploadId=u), 'ok')
want('abort 2', lambda: s3.abort_multipart_upload(Bucket=b, Key='t', UploadId=u), '404 NoSuchUpload')
want(
    'upload after abort',
    lambda: s3.upload_part(Bucket=b, Key='t', UploadId=u, PartNumber=1, Body=b'x'),
    '404 NoSuchUpload',
)
want('listparts after abort', lambda: s3.list_parts(Bucket=b, Key='t', UploadId=u), '404 NoSuchUpload')
want('list parts no upload', lambda: s3.list_parts(Bucket=b, Key='t', UploadId='nope'), '404 NoSuchUpload')
u, ps = parts('lp', [1, 2, 3])
r = s3.list_parts(Bucket=b, Key='lp', UploadId=u, MaxParts=2)
want(
    'listparts',
    (
        r['IsTruncated'],
        r['NextPartNumberMarker'],
        [p['Size'] for p in r['Parts']],
        r['MaxParts'],
        r['PartNumberMarker'],
    ),
    (True, 2, [1, 2], 2, 0),
)
r = s3.list_parts(Bucket=b, Key='lp', UploadId=u, PartNumberMarker=2)
want('listparts rest', ([p['PartNumber'] for p in r['Parts']], r['IsTruncated']), ([3], False))
want('neg max', lambda: s3.list_parts(Bucket=b, Key='lp', UploadId=u, MaxParts=-3), '400 InvalidArgument')
want(
    'neg marker',
    lambda: s3.list_parts(Bucket=b, Key='lp', UploadId=u, PartNumberMarker=-3),
    '400 InvalidArgument',
)
c = bucket()
us = [s3.create_multipart_upload(Bucket=c, Key=k)['UploadId'] for k in ('a', 'a', 'b/1', 'b/2', 'c')]
r = s3.list_multipart_uploads(Bucket=c)
want('uploads', [x['Key'] for x in r['Uploads']], ['a', 'a', 'b/1', 'b/2', 'c'])
want('upload ids order', [x['UploadId'] for x in r['Uploads']] == us, True)
r = s3.list_multipart_uploads(Bucket=c, MaxUploads=1)
want('page1', (r['IsTruncated'], r['NextKeyMarker'], r['NextUploadIdMarker'] == us[0]), (True, 'a', True))
r = s3.list_multipart_uploads(Bucket=c, KeyMarker='a', UploadIdMarker=us[0])
want('rest', [x['UploadId'] for x in r['Uploads']], us[1:])
r = s3.list_multipart_uploads(Bucket=c, KeyMarker='a')
want('rest key', [x['UploadId'] for x in r['Uploads']], us[2:])
r = s3.list_multipart_uploads(Bucket=c, Delimiter='/')
want(
    'delim',
    ([x['Key'] for x in r['Uploads']], [x['Prefix'] for x in r['CommonPrefixes']]),
    (['a', 'a', 'c'], ['b/']),
)
r = s3.list_multipart_uploads(Bucket=c, Prefix='b')
want('prefix', [x['Key'] for x in r['Uploads']], ['b/1', 'b/2'])
r = s3.list_multipart_uploads(Bucket=c, MaxUploads=0)
want('max 0', (r['IsTruncated'], 'Uploads' in r), (False, False))
want('delete bucket with uploads', lambda: s3.delete_bucket(Bucket=c), '409 BucketNotEmpty')
o = r = s3.list_multipart_uploads(Bucket=c)['Uploads'][0]
want('owner', (o['Owner']['ID'], o['Initiator']['ID'], o['StorageClass']), ('ann', 'ann', 'STANDARD'))
s3.put_object(Bucket=b, Key='src', Body=b'0123456789' * 1000)
u = s3.create_multipart_upload(Bucket=b, Key='cp')['UploadId']
pc = lambda **k: s3.upload_part_copy(Bucket=b, Key='cp', UploadId=u, PartNumber=1, CopySource=f'{b}/src', **k)
want('copy range', lambda: pc(CopySourceRange='bytes=0-9'), 'ok')
for rg in ('0-2', 'bytes=0', 'bytes=hello-world', 'bytes=0-bar', 'bytes=hello-', 'bytes=0-2,3-5', 'bytes=2-1'):
    want('bad range ' + rg, lambda: pc(CopySourceRange=rg), '400 InvalidArgument')
want('range beyond', lambda: pc(CopySourceRange='bytes=0-21000'), '400 InvalidArgument')
want(
    'copy no src',
    lambda: s3.upload_part_copy(Bucket=b, Key='cp', UploadId=u, PartNumber=1, CopySource=f'{b}/nope'),
    '404 NoSuchKey',
)
d = bucket()
sha = lambda x: base64.b64encode(hashlib.sha256(x).digest()).decode()
r = s3.put_object(Bucket=d, Key='k', Body=b'x', ChecksumAlgorithm='SHA256')
want('sha', r['ChecksumSHA256'], sha(b'x'))
want(
    'bad sha',
    lambda: s3.put_object(Bucket=d, Key='k', Body=b'x', ChecksumSHA256='bad'),
    '400 InvalidRequest',
)
want(
    'wrong sha',
    lambda: s3.put_object(Bucket=d, Key='k', Body=b'x', ChecksumSHA256=sha(b'y')),
    '400 BadDigest',
)
r = s3.head_object(Bucket=d, Key='k')
want('no mode', 'ChecksumSHA256' in r, False)
r = s3.head_object(Bucket=d, Key='k', ChecksumMode='ENABLED')
want('mode', r['ChecksumSHA256'], sha(b'x'))
u = s3.create_multipart_upload(Bucket=d, Key='m', ChecksumAlgorithm='SHA256')
want('mp algo', u['ChecksumAlgorithm'], 'SHA256')
U = u['UploadId']
up = lambda **k: s3.upload_part(Bucket=d, Key='m', UploadId=U, PartNumber=1, Body=b'x', **k)
want('other algo', lambda: up(ChecksumAlgorithm='CRC32'), '400 InvalidRequest')
p = up(ChecksumAlgorithm='SHA256')
comp = lambda part, **k: lambda: s3.complete_multipart_upload(
    Bucket=d,
    Key='m',
    UploadId=U,
    MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': p['ETag'], **part}]},
    **k,
)
want('missing part sum', comp({}), '400 InvalidRequest')
want('wrong part sum', comp({'ChecksumSHA256': sha(b'y')}), '400 InvalidPart')
want('form of sum', comp({'ChecksumSHA256': 'bad'}), '400 InvalidArgument')
want('two sums', comp({'ChecksumSHA256': sha(b'x'), 'ChecksumCRC32': 'jNwWgw=='}), '400 InvalidArgument')
want('other sum', comp({'ChecksumCRC32': 'jNwWgw=='}), '400 BadDigest')
want('final wrong', comp({'ChecksumSHA256': sha(b'x')}, ChecksumSHA256=sha(b'q')), '400 BadDigest')
want('final invalid', comp({'ChecksumSHA256': sha(b'x')}, ChecksumSHA256='q'), '400 InvalidRequest')
want(
    'final two',
    comp({'ChecksumSHA256': sha(b'x')}, ChecksumSHA256=sha(b'q'), ChecksumCRC32='jNwWgw=='),
    '400 InvalidRequest',
)
exp = base64.b64encode(hashlib.sha256(hashlib.sha256(b'x').digest()).digest()).decode() + '-1'
r = comp({'ChecksumSHA256': sha(b'x')}, ChecksumSHA256=exp)()
want('composite', r['ChecksumSHA256'], exp)
r = s3.get_object_attributes(
    Bucket=d,
    Key='m',
    ObjectAttributes=['Checksum', 'ObjectParts', 'ETag', 'ObjectSize'],
)
want(
    'attrs parts',
    (
        r['Checksum']['ChecksumSHA256'] + '-1',
        r['ObjectParts']['TotalPartsCount'],
        len(r['ObjectParts'].get('Parts', [])),
        r['ObjectSize'],
    ),
    (exp, 1, 1, 1),
)
want(
    'algo bad',
    lambda: s3.create_multipart_upload(Bucket=d, Key='m', ChecksumAlgorithm='FOO'),
    '400 InvalidRequest',
)
u, ps = parts('s', [1])

tell()
