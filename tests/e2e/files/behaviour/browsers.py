"""Requests as browsers and programs without an SDK send them: forms, other origins, raw heads, odd keys."""
import base64
import hashlib
import hmac
import http.client
import json
import re
import urllib.error
import urllib.request

from checks import bucket, code, endpoint, key1, old, s3, secret1, tell, want

b = bucket()
s3.put_object(Bucket=b, Key='k', Body=b'hello')


def raw(method, path, fields={}, body=b''):
    """Sends a request as it is. Gives the answer, its body, and status with the code of an error."""
    connection = http.client.HTTPConnection(endpoint.removeprefix('http://'), timeout=15)
    connection.request(method, path, body=body or None, headers=fields)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    found = re.search(b'<Code>(.*?)</Code>', content)
    outcome = f"{answer.status} {found.group(1).decode() if found else ''}".strip()
    return answer, content, outcome


def policy(conditions, expiration='2999-01-01T00:00:00Z'):
    text = json.dumps({'expiration': expiration, 'conditions': conditions})
    return base64.b64encode(text.encode()).decode()


def spoken_of(fields):
    """Conditions that speak of every field."""
    named = [{name: value} for name, value in fields.items() if name != 'key']
    return [{'bucket': b}, ['starts-with', '$key', ''], *named]


def part(name, value, more=''):
    return f'--BB\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


def post(fields, file='bar', filename='f.txt', conditions=None, sign=True, document=None):
    """Sends a form, with a signed policy unless it shall have none."""
    form = dict(fields)
    if sign:
        text = document or policy(spoken_of(form) if conditions is None else conditions)
        digest = hmac.new(secret1.encode(), text.encode(), hashlib.sha1).digest()
        form['AWSAccessKeyId'] = key1
        form['policy'] = text
        form['signature'] = base64.b64encode(digest).decode()
    body = b''.join(part(name, value) for name, value in form.items())
    if file is not None:
        body += part('file', file, f'; filename="{filename}"\r\nContent-Type: text/plain')
    body += b'--BB--\r\n'
    return raw('POST', f'/{b}', {'Content-Type': 'multipart/form-data; boundary=BB'}, body)


want('post auth', post({'key': 'foo.txt', 'acl': 'private', 'Content-Type': 'text/plain'})[2], '204')
want('post got', s3.get_object(Bucket=b, Key='foo.txt')['Body'].read(), b'bar')
want('post no auth private', post({'key': 'foo.txt'}, sign=False)[2], '403 AccessDenied')
r, d, c = post({'key': 'foo.txt', 'success_action_status': '201'})
want('201', (c, r.getheader('location') is not None, b'<Key>foo.txt</Key>' in d), ('201', True, True))
want('status bad', post({'key': 'foo.txt', 'success_action_status': '404'})[2], '204')
want(
    'upper algo',
    post(
        {'KeY': 'foo.txt', 'aCl': 'private', 'Content-Type': 'text/plain'},
        conditions=[
            {'bucket': b},
            ['starts-with', '$KeY', ''],
            {'aCl': 'private'},
            ['starts-with', '$ConTenT-TyPe', 'text/plain'],
        ],
    )[2],
    '204',
)
want('escaped key', post({'key': '\\$foo.txt'})[2], '204')
want('escaped is', code(lambda: s3.head_object(Bucket=b, Key='\\$foo.txt')), 'ok')
r, d, c = post({'key': 'foo.txt', 'success_action_redirect': 'http://localhost:9/x'})
want(
    'redirect',
    (
        r.status,
        r.getheader('location').startswith('http://localhost:9/x?bucket=' + b + '&key=foo.txt&etag=%22'),
    ),
    (303, True),
)
want(
    'bad sig',
    post({'key': 'foo.txt', 'AWSAccessKeyId': key1, 'policy': policy([]), 'signature': 'xx'}, sign=False)[2],
    '403 SignatureDoesNotMatch',
)
want(
    'bad key',
    post({'key': 'foo.txt', 'AWSAccessKeyId': 'nope', 'policy': policy([]), 'signature': 'xx'}, sign=False)[2],
    '403 InvalidAccessKeyId',
)
want(
    'date format',
    post({'key': 'foo.txt'}, document=policy([], expiration='Tue, 07 Jul 2099 00:00:00 GMT'))[2],
    '400 InvalidPolicyDocument',
)
want('no key', post({'acl': 'private'})[2], '400 InvalidArgument')
want(
    'no sig',
    post({'key': 'foo.txt', 'AWSAccessKeyId': key1, 'policy': policy([])}, sign=False)[2],
    '400 InvalidArgument',
)
want(
    'missing policy cond',
    post({'key': 'foo.txt'}, conditions=[['starts-with', '$key', '']])[2],
    '403 AccessDenied',
)
want('cond case', post({'key': 'foo.txt'}, conditions=[{'bUcKeT': b}, ['StArTs-WiTh', '$KeY', '']])[2], '204')
want(
    'too large',
    post(
        {'key': 'foo.txt'},
        conditions=[{'bucket': b}, ['starts-with', '$key', ''], ['content-length-range', 0, 0]],
    )[2],
    '400 EntityTooLarge',
)
want(
    'too small',
    post(
        {'key': 'foo.txt'},
        conditions=[{'bucket': b}, ['starts-with', '$key', ''], ['content-length-range', 512, 1000]],
    )[2],
    '400 EntityTooSmall',
)
want(
    'no length arg',
    post(
        {'key': 'foo.txt'},
        conditions=[{'bucket': b}, ['starts-with', '$key', ''], ['content-length-range', 0]],
    )[2],
    '400 InvalidPolicyDocument',
)
want(
    'negative',
    post(
        {'key': 'foo.txt'},
        conditions=[{'bucket': b}, ['starts-with', '$key', ''], ['content-length-range', -1, 0]],
    )[2],
    '400 InvalidPolicyDocument',
)
want(
    'expired',
    post({'key': 'foo.txt'}, document=policy([{'bucket': b}], expiration='2000-01-01T00:00:00Z'))[2],
    '403 AccessDenied',
)
want(
    'key cond',
    post({'key': 'foo.txt'}, conditions=[{'bucket': b}, ['starts-with', '$key', 'bar']])[2],
    '403 AccessDenied',
)
want(
    'no exp',
    post({'key': 'foo.txt'}, document=base64.b64encode(b'{"conditions":[]}').decode())[2],
    '400 InvalidPolicyDocument',
)
want(
    'no conds',
    post({'key': 'foo.txt'}, document=base64.b64encode(b'{"expiration":"2999-01-01T00:00:00Z"}').decode())[2],
    '400 InvalidPolicyDocument',
)
want('no file', post({'key': 'foo.txt'}, file=None)[2], '400 IncorrectNumberOfFilesInPostRequest')
want('empty cond', post({'key': 'foo.txt'}, conditions=[{'bucket': b}, {}])[2], '400 InvalidPolicyDocument')
want(
    'ignored header',
    post({'key': 'foo.txt', 'x-ignore-foo': 'bar'}, conditions=[{'bucket': b}, ['starts-with', '$key', '']])[2],
    '204',
)
want(
    'extra',
    post({'key': 'foo.txt', 'foo': 'bar'}, conditions=[{'bucket': b}, ['starts-with', '$key', '']])[2],
    '403 AccessDenied',
)
want('meta', post({'key': 'm.txt', 'x-amz-meta-foo': 'barclamp'})[2], '204')
want('meta is', s3.head_object(Bucket=b, Key='m.txt')['Metadata'], {'foo': 'barclamp'})
want('filename', post({'key': '${filename}'}, filename='fn.txt')[2], '204')
want('fn is', code(lambda: s3.head_object(Bucket=b, Key='fn.txt')), 'ok')
want(
    'tags',
    post(
        {
            'key': 'tg',
            'tagging': '<Tagging><TagSet><Tag><Key>0</Key><Value>0</Value></Tag></TagSet></Tagging>',
        },
    )[2],
    '204',
)
want('tags are', s3.get_object_tagging(Bucket=b, Key='tg')['TagSet'], [{'Key': '0', 'Value': '0'}])
sum_ = base64.b64encode(hashlib.sha256(b'bar').digest()).decode()
want('checksum', post({'key': 'cs', 'x-amz-checksum-sha256': sum_})[2], '204')
want(
    'checksum bad',
    post({'key': 'cs', 'x-amz-checksum-sha256': base64.b64encode(b'x' * 32).decode()})[2],
    '400 BadDigest',
)
s3.put_bucket_acl(Bucket=b, ACL='public-read-write')
want('anon post', post({'key': 'anon.txt', 'acl': 'public-read'}, sign=False)[2], '204')
s3.put_bucket_acl(Bucket=b, ACL='private')
s3.put_bucket_cors(
    Bucket=b,
    CORSConfiguration={
        'CORSRules': [
            {'AllowedMethods': ['GET'], 'AllowedOrigins': ['*suffix']},
            {'AllowedMethods': ['GET'], 'AllowedOrigins': ['start*end']},
            {'AllowedMethods': ['GET'], 'AllowedOrigins': ['prefix*']},
            {'AllowedMethods': ['PUT'], 'AllowedOrigins': ['*.put']},
        ],
    },
)
s3.put_object_acl(Bucket=b, Key='k', ACL='public-read')
for m, h, exp in [
    ('GET', {}, None),
    ('GET', {'Origin': 'foo.suffix'}, 'foo.suffix'),
    ('GET', {'Origin': 'foo.bar'}, None),
    ('GET', {'Origin': 'foo.suffix.get'}, None),
    ('GET', {'Origin': 'startend'}, 'startend'),
    ('GET', {'Origin': 'start1end'}, 'start1end'),
    ('GET', {'Origin': 'start12end'}, 'start12end'),
    ('GET', {'Origin': '0start12end'}, None),
    ('GET', {'Origin': 'prefix'}, 'prefix'),
    ('GET', {'Origin': 'prefix.suffix'}, 'prefix.suffix'),
    ('GET', {'Origin': 'bla.prefix'}, None),
    ('GET', {'Origin': 'foo.put'}, None),
    ('GET', {'Origin': 'foo.suffix', 'Access-Control-Request-Method': 'PUT'}, None),
]:
    r, d, c = raw(m, f'/{b}/k', h)
    want(f'cors {h}', r.getheader('access-control-allow-origin'), exp)
r, d, c = raw('OPTIONS', f'/{b}/k')
want('opt none', c, '400 BadRequest')
r, d, c = raw('OPTIONS', f'/{b}/k', {'Origin': 'foo.suffix'})
want('opt no method', r.status, 400)
r, d, c = raw('OPTIONS', f'/{b}/k', {'Origin': 'foo.bla', 'Access-Control-Request-Method': 'GET'})
want('opt bla', r.status, 403)
r, d, c = raw('OPTIONS', f'/{b}/k', {'Origin': 'foo.suffix', 'Access-Control-Request-Method': 'GET'})
want(
    'opt ok',
    (r.status, r.getheader('access-control-allow-origin'), r.getheader('access-control-allow-methods')),
    (200, 'foo.suffix', 'GET'),
)
r, d, c = raw('HEAD', f'/{b}/nope')
want('anon head nope', (r.status, d), (403, b''))
r, d, c = raw('GET', f'/{b}/k')
want(
    'anon get',
    (r.status, d, r.getheader('x-amz-request-id') is not None, r.getheader('etag')),
    (200, b'hello', True, '"5d41402abc4b2a76b9719d911017c592"'),
)
r, d, c = raw('GET', '/nope-nope/k')
want('anon nobucket', c, '404 NoSuchBucket')
r, d, c = raw('PUT', f'/{b}/x', {'Content-Length': '0'})
want('anon put', c, '403 AccessDenied')
r, d, c = raw('PATCH', f'/{b}/x')
want('patch', c, '405 MethodNotAllowed')
r, d, c = raw('GET', f'/{b}/k', {'Authorization': 'Bearer x'})
want('bearer', c, '400 InvalidArgument')
r, d, c = raw('GET', f'/{b}/k', {'Authorization': 'AWS4-HMAC-SHA256 Credential=HAHAHA'})
want('malformed', c, '400 AuthorizationHeaderMalformed')
r, d, c = raw('GET', f'/{b}/k', {'If-None-Match': '"5d41402abc4b2a76b9719d911017c592"'})
want(
    '304',
    (r.status, d, r.getheader('etag') is not None, r.getheader('last-modified') is not None),
    (304, b'', True, True),
)
et = '"5d41402abc4b2a76b9719d911017c592"'
for h, exp in [
    ({'If-Range': et}, (206, b'he')),
    ({'If-Range': '"x"'}, (200, b'hello')),
    ({'If-Range': 'W/' + et}, (200, b'hello')),
    ({'If-Range': 'Sat, 29 Oct 1994 19:43:31 GMT'}, (200, b'hello')),
]:
    r, d, c = raw('GET', f'/{b}/k', {'Range': 'bytes=0-1', **h})
    want(f'if-range {h}', (r.status, d), exp)
r, d, c = raw('GET', f'/{b}/k', {'Range': 'bytes=9-'})
want('416', (c, r.getheader('content-range')), ('416 InvalidRange', 'bytes */5'))
r, d, c = raw('HEAD', f'/{b}/k', {'Range': 'bytes=9-'})
want('head 416', (r.status, d), (416, b''))
u = s3.generate_presigned_url('put_object', Params={'Bucket': b, 'Key': 'üñ/ö ?', 'ContentType': 'text/plain'})
req = urllib.request.Request(u, data=b'x', method='PUT', headers={'Content-Type': 'text/plain'})
want('presigned put utf8', urllib.request.urlopen(req).status, 200)
u = s3.generate_presigned_url('get_object', Params={'Bucket': b, 'Key': 'üñ/ö ?'})
want('presigned get', urllib.request.urlopen(u).read(), b'x')


def stat(u, method='GET', h={}):
    try:
        return urllib.request.urlopen(urllib.request.Request(u, method=method, headers=h)).status
    except urllib.error.HTTPError as e:
        return e.code


u = s3.generate_presigned_url('get_object', Params={'Bucket': b, 'Key': 'k'}, ExpiresIn=604801)
want('too long', stat(u), 400)
u = s3.generate_presigned_url('get_object', Params={'Bucket': b, 'Key': 'k'})
want('tampered', stat(u[:-1] + ('0' if u[-1] != '0' else '1')), 403)
want('other method', stat(u, 'DELETE'), 403)
want('head of get', stat(u, 'HEAD'), 403)
u = old.generate_presigned_url('get_object', Params={'Bucket': b, 'Key': 'k'})
want('v2 presigned', stat(u), 200)
for k in [
    '.',
    '..',
    './',
    '/.',
    '//',
    '../x',
    'a/../b',
    'a//b',
    '/lead',
    'trail/',
    '%2e%2e',
    'a\\b',
    '\u2028',
    '😀',
    'x' * 255 + '/' + 'y' * 255,
    'a\tb',
    'a\x01b',
]:
    s3.put_object(Bucket=b, Key=k, Body=k.encode())
    want('key ' + repr(k), s3.get_object(Bucket=b, Key=k)['Body'].read(), k.encode())
want('keys listed', len([1 for o in s3.list_objects_v2(Bucket=b)['Contents']]) > 20, True)


def signed(method, path, q='', body=b'', h={}):
    from botocore.awsrequest import AWSRequest
    from botocore.auth import S3SigV4Auth
    from botocore.credentials import Credentials
    rq = AWSRequest(method=method, url=endpoint + path + q, data=body, headers=h)
    S3SigV4Auth(Credentials(key1, secret1), 's3', 'us-east-1').add_auth(rq)
    return raw(method, path + q, dict(rq.headers.items()), body)


want('del malformed', signed('POST', f'/{b}', '?delete', b'<Delete><Object>')[2], '400 MalformedXML')
want('del empty', signed('POST', f'/{b}', '?delete', b'<Delete></Delete>')[2], '400 MalformedXML')
want('del no body', signed('POST', f'/{b}', '?delete', b'')[2], '400 MalformedXML')
want(
    'xml dtd',
    signed(
        'PUT',
        f'/{b}',
        '?versioning',
        b'<!DOCTYPE a><VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    )[2],
    '400 MalformedXML',
)
for q in [
    'cors',
    'lifecycle',
    'tagging',
    'versioning',
    'encryption',
    'publicAccessBlock',
    'ownershipControls',
    'logging',
    'notification',
    'requestPayment',
    'accelerate',
]:
    want('empty put ' + q, signed('PUT', f'/{b}', '?' + q)[2], '400 MalformedXML')
want('empty put acl', signed('PUT', f'/{b}', '?acl')[2], '400 MissingSecurityHeader')
for q in ['versionId=', 'versionId=x', 'partNumber=0']:
    want('get ' + q, signed('GET', f'/{b}/k', '?' + q)[2], '400 InvalidArgument')
want('list type 3', signed('GET', f'/{b}', '?list-type=3')[2], '200')
want('enc type', signed('GET', f'/{b}', '?encoding-type=x')[2], '400 InvalidArgument')

tell()
