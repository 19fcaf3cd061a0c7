"""Listings of objects, versions and buckets."""

from checks import anon, bucket, client, s3, tell, want


def keys_bucket(keys):
    b = bucket()
    for k in keys:
        s3.put_object(Bucket=b, Key=k, Body=k.encode())
    return b


def l1(b, **k):
    r = s3.list_objects(Bucket=b, **k)
    return ([x['Key'] for x in r.get('Contents', [])], [x['Prefix'] for x in r.get('CommonPrefixes', [])])


def l2(b, **k):
    r = s3.list_objects_v2(Bucket=b, **k)
    return ([x['Key'] for x in r.get('Contents', [])], [x['Prefix'] for x in r.get('CommonPrefixes', [])])


K = ['foo/bar', 'foo/bar/xyzzy', 'quux/thud', 'asdf']
b = keys_bucket(K)
for l in (l1, l2):
    want('delim /', l(b, Delimiter='/'), (['asdf'], ['foo/', 'quux/']))
    want('delim none', l(b, Delimiter=''), (sorted(K), []))
    want('delim not exist', l(b, Delimiter='/x'), (['asdf', 'foo/bar', 'quux/thud'], ['foo/bar/x']))
    want('prefix none', l(b, Prefix=''), (sorted(K), []))
    want('prefix d', l(b, Prefix='d'), ([], []))
    want('prefix delim', l(b, Prefix='foo/', Delimiter='/'), (['foo/bar'], ['foo/bar/']))
b2 = keys_bucket(['bar', 'baz', 'cab', 'foo'])
for l in (l1, l2):
    want('delim alt', l(b2, Delimiter='a'), (['foo'], ['ba', 'ca']))
b3 = keys_bucket(['b/a/c', 'b/a/g', 'b/a/r', 'g'])
for l in (l1, l2):
    want('delim a prefix', l(b3, Delimiter='a'), (['g'], ['b/a']))
b4 = keys_bucket(['b%ar', 'b%az', 'c%ab', 'foo'])
for l in (l1, l2):
    want('delim %', l(b4, Delimiter='%'), (['foo'], ['b%', 'c%']))
b5 = keys_bucket(['b ar', 'b az', 'c ab', 'foo'])
for l in (l1, l2):
    want('delim ws', l(b5, Delimiter=' '), (['foo'], ['b ', 'c ']))
b6 = keys_bucket(['b.ar', 'b.az', 'c.ab', 'foo'])
for l in (l1, l2):
    want('delim .', l(b6, Delimiter='.'), (['foo'], ['b.', 'c.']))
for l in (l1, l2):
    want('delim unreadable', l(b6, Delimiter='\n'), (['b.ar', 'b.az', 'c.ab', 'foo'], []))
b7 = keys_bucket(['0/', '0/bar', '1999'])
b8 = keys_bucket(['asdf+b', 'foo+1/bar', 'foo/bar/xyzzy', 'quux ab/thud'])
r = s3.list_objects(Bucket=b8, Delimiter='/', EncodingType='url')
want(
    'enc',
    ([x['Key'] for x in r['Contents']], [x['Prefix'] for x in r['CommonPrefixes']]),
    (['asdf%2Bb'], ['foo%2B1/', 'foo/', 'quux%20ab/']),
)
r = s3.list_objects_v2(Bucket=b8, Delimiter='/', EncodingType='url')
want(
    'enc2',
    ([x['Key'] for x in r['Contents']], [x['Prefix'] for x in r['CommonPrefixes']]),
    (['asdf%2Bb'], ['foo%2B1/', 'foo/', 'quux%20ab/']),
)
bm = keys_bucket(['bar', 'baz', 'foo', 'quxx'])
r = s3.list_objects(Bucket=bm)
want('MaxKeys default', (r['MaxKeys'], r['IsTruncated']), (1000, False))
r = s3.list_objects(Bucket=bm, MaxKeys=0)
want('MaxKeys 0', (r['IsTruncated'], 'Contents' in r), (False, False))
r = s3.list_objects(Bucket=bm, Marker='aaa', MaxKeys=1)
want('marker', [x['Key'] for x in r['Contents']], ['bar'])
r = s3.list_objects(Bucket=bm, Marker='')
want('marker empty', r['Marker'], '')
r = s3.list_objects(Bucket=bm, Marker='\n')
want('marker unreadable', (r['Marker'], len(r['Contents'])), ('\n', 4))
r = s3.list_objects(Bucket=bm, Marker='blah')
want('marker not in list', [x['Key'] for x in r['Contents']], ['foo', 'quxx'])
r = s3.list_objects(Bucket=bm, Marker='zzz')
want('marker after', ('Contents' in r, r['IsTruncated']), (False, False))
for v in ('blah', '-1', '9' * 20):
    def f(v=v):
        def add(request, **kw):
            request.url += ('&' if '?' in request.url else '?') + 'max-keys=' + v
        s3.meta.events.register('before-sign.s3.ListObjects', add)
        try:
            return s3.list_objects(Bucket=bm)
        finally:
            s3.meta.events.unregister('before-sign.s3.ListObjects', add)
    want('max-keys ' + v, f, '400 InvalidArgument')
r = s3.list_objects_v2(Bucket=bm, StartAfter='bar')
want('startafter', (r['StartAfter'], [x['Key'] for x in r['Contents']]), ('bar', ['baz', 'foo', 'quxx']))
r = s3.list_objects_v2(Bucket=bm, MaxKeys=1)
t = r['NextContinuationToken']
want('keycount', (r['KeyCount'], r['MaxKeys'], r['IsTruncated']), (1, 1, True))
r = s3.list_objects_v2(Bucket=bm, ContinuationToken=t, StartAfter='baz')
want(
    'token over startafter',
    ([x['Key'] for x in r['Contents']], r.get('StartAfter'), r['ContinuationToken']),
    (['baz', 'foo', 'quxx'], 'baz', t),
)
r = s3.list_objects_v2(Bucket=bm)
want('no owner', 'Owner' in r['Contents'][0], False)
r = s3.list_objects_v2(Bucket=bm, FetchOwner=True)
want('owner', r['Contents'][0]['Owner'].get('ID'), 'ann')
want('no bucket', lambda: s3.list_objects(Bucket='nope-nope'), '404 NoSuchBucket')
want('no bucket v2', lambda: s3.list_objects_v2(Bucket='nope-nope'), '404 NoSuchBucket')
bd = keys_bucket(['asdf', 'boo/bar', 'boo/baz/xyzzy', 'cquux/thud', 'cquux/bla'])


def paged(prefix, delim, marker, maxk, trunc, keys, pref, nxt):
    r = s3.list_objects(Bucket=bd, Prefix=prefix, Delimiter=delim, Marker=marker, MaxKeys=maxk)
    want(
        f'page {prefix} {delim} {marker} {maxk}',
        (
            r['IsTruncated'],
            [x['Key'] for x in r.get('Contents', [])],
            [x['Prefix'] for x in r.get('CommonPrefixes', [])],
            r.get('NextMarker'),
        ),
        (trunc, keys, pref, nxt),
    )
    return r.get('NextMarker')


m = paged('', '/', '', 1, True, ['asdf'], [], 'asdf')
m = paged('', '/', m, 1, True, [], ['boo/'], 'boo/')
paged('', '/', m, 1, False, [], ['cquux/'], None)
m = paged('', '/', '', 2, True, ['asdf'], ['boo/'], 'boo/')
paged('', '/', m, 2, False, [], ['cquux/'], None)
m = paged('boo/', '/', '', 1, True, ['boo/bar'], [], 'boo/bar')
paged('boo/', '/', m, 1, False, [], ['boo/baz/'], None)
be = keys_bucket(['asdf/'])
want('dirmarker', l1(be, Prefix='asdf/', Delimiter='/'), (['asdf/'], []))
bx = keys_bucket(['_obj1_', '_under1/bar', '_under1/baz/xyzzy', '_under2/thud', '_under2/bla'])
want('underscore', l1(bx, Delimiter='/'), (['_obj1_'], ['_under1/', '_under2/']))
want('prefix _under1/', l1(bx, Prefix='_under1/', Delimiter='/'), (['_under1/bar'], ['_under1/baz/']))
sp = keys_bucket([' ', '"', '$', '%', '&', "'", '<', '>', '_', '_ ', '_ _', '__'])
want('special', l1(sp)[0], [' ', '"', '$', '%', '&', "'", '<', '>', '_', '_ ', '_ _', '__'])
for k in [' ', '"', '$', '%', '&', "'", '<', '>', '_', '_ ', '_ _', '__']:
    want('get special ' + k, s3.get_object(Bucket=sp, Key=k)['Body'].read().decode(), k)
s3.put_object_acl(Bucket=sp, Key='"', ACL='private')
want('anon list', lambda: anon.list_objects(Bucket=bm), '403 AccessDenied')
s3.put_bucket_acl(Bucket=bm, ACL='public-read')
want('anon list ok', lambda: anon.list_objects_v2(Bucket=bm), 'ok')
vb = bucket()
s3.put_bucket_versioning(Bucket=vb, VersioningConfiguration={'Status': 'Enabled'})
for k in ['a/1', 'a/2', 'b', 'c/x']:
    for i in range(2):
        s3.put_object(Bucket=vb, Key=k, Body=b'%d' % i)
r = s3.list_object_versions(Bucket=vb, Delimiter='/')
want(
    'versions delim',
    ([x['Key'] for x in r['Versions']], [x['Prefix'] for x in r['CommonPrefixes']]),
    (['b', 'b'], ['a/', 'c/']),
)
r = s3.list_object_versions(Bucket=vb, MaxKeys=3)
want('versions page', (len(r['Versions']), r['IsTruncated'], r['NextKeyMarker']), (3, True, 'a/2'))
r2 = s3.list_object_versions(Bucket=vb, KeyMarker=r['NextKeyMarker'], VersionIdMarker=r['NextVersionIdMarker'])
want('versions rest', [x['Key'] for x in r2['Versions']], ['a/2', 'b', 'b', 'c/x', 'c/x'])
want(
    'vid marker alone',
    lambda: s3.list_object_versions(Bucket=vb, VersionIdMarker=r['NextVersionIdMarker']),
    '400 InvalidArgument',
)
want('anon buckets', lambda: anon.list_buckets(), '403 AccessDenied')
want('bad auth', lambda: client('nokey', 'x').list_buckets(), '403 InvalidAccessKeyId')
want('bad secret', lambda: client('AKIAANN', 'x').list_buckets(), '403 SignatureDoesNotMatch')

tell()
