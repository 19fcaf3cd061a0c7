"""Who may do what: ACLs, policies, public access blocks."""
import json

from checks import alt, anon, bucket, code, s3, tell, want, with_fields

G = 'http://acs.amazonaws.com/groups/global/'
b = bucket()


def grants(r):
    return sorted(((g['Grantee'].get('ID') or g['Grantee'].get('URI'), g['Permission']) for g in r['Grants']))


own = ('ann', 'FULL_CONTROL')
want('acl default', grants(s3.get_bucket_acl(Bucket=b)), [own])
for acl, exp in [
    ('public-read', [(G + 'AllUsers', 'READ')]),
    ('public-read-write', [(G + 'AllUsers', 'READ'), (G + 'AllUsers', 'WRITE')]),
    ('authenticated-read', [(G + 'AuthenticatedUsers', 'READ')]),
    ('private', []),
]:
    s3.put_bucket_acl(Bucket=b, ACL=acl)
    want('canned ' + acl, grants(s3.get_bucket_acl(Bucket=b)), sorted([own] + exp))
    s3.put_object(Bucket=b, Key='o', Body=b'', ACL=acl)
    want('ocanned ' + acl, grants(s3.get_object_acl(Bucket=b, Key='o')), sorted([own] + exp))
want(
    'bad canned',
    lambda: with_fields(s3, 'PutBucketAcl', {'x-amz-acl': 'public-ready'}, lambda: s3.put_bucket_acl(Bucket=b)),
    '400 InvalidArgument',
)
P = lambda *g: {
    'Owner': {'ID': 'ann'},
    'Grants': [{'Grantee': {'ID': i, 'Type': 'CanonicalUser'}, 'Permission': p} for i, p in g],
}
s3.put_object(Bucket=b, Key='foo', Body=b'x')
for p, ops in [
    ('FULL_CONTROL', 'head list acl write setacl'),
    ('READ', 'head list'),
    ('READ_ACP', 'acl'),
    ('WRITE', 'write'),
    ('WRITE_ACP', 'setacl'),
]:
    s3.put_bucket_acl(Bucket=b, AccessControlPolicy=P(('ann', 'FULL_CONTROL'), ('bob', p)))
    got = []
    if code(lambda: alt.head_bucket(Bucket=b)) == 'ok':
        got.append('head')
    if code(lambda: alt.list_objects(Bucket=b)) == 'ok':
        got.append('list')
    if code(lambda: alt.get_bucket_acl(Bucket=b)) == 'ok':
        got.append('acl')
    if code(lambda: alt.put_object(Bucket=b, Key='w', Body=b'')) == 'ok':
        got.append('write')
    if code(lambda: alt.put_bucket_acl(Bucket=b, AccessControlPolicy=P(('ann', 'FULL_CONTROL'), ('bob', p)))) == 'ok':
        got.append('setacl')
    want('bucket grant ' + p, ' '.join(got), ops)
s3.put_bucket_acl(Bucket=b, ACL='private')
for p, ops in [
    ('FULL_CONTROL', 'get acl setacl'),
    ('READ', 'get'),
    ('READ_ACP', 'acl'),
    ('WRITE', ''),
    ('WRITE_ACP', 'setacl'),
]:
    s3.put_object_acl(Bucket=b, Key='foo', AccessControlPolicy=P(('ann', 'FULL_CONTROL'), ('bob', p)))
    got = []
    if code(lambda: alt.get_object(Bucket=b, Key='foo')) == 'ok':
        got.append('get')
    if code(lambda: alt.get_object_acl(Bucket=b, Key='foo')) == 'ok':
        got.append('acl')
    policy = P(('ann', 'FULL_CONTROL'), ('bob', p))
    if code(lambda: alt.put_object_acl(Bucket=b, Key='foo', AccessControlPolicy=policy)) == 'ok':
        got.append('setacl')
    want('object grant ' + p, ' '.join(got), ops)
want(
    'nonexist user',
    lambda: s3.put_bucket_acl(Bucket=b, AccessControlPolicy=P(('nobody', 'FULL_CONTROL'))),
    '400 InvalidArgument',
)
want(
    'email',
    lambda: s3.put_bucket_acl(
        Bucket=b,
        AccessControlPolicy={
            'Owner': {'ID': 'ann'},
            'Grants': [
                {
                    'Grantee': {'EmailAddress': 'bob@example.com', 'Type': 'AmazonCustomerByEmail'},
                    'Permission': 'READ',
                },
            ],
        },
    ),
    'ok',
)
want(
    'email bad',
    lambda: s3.put_bucket_acl(
        Bucket=b,
        AccessControlPolicy={
            'Owner': {'ID': 'ann'},
            'Grants': [
                {
                    'Grantee': {'EmailAddress': 'no@example.com', 'Type': 'AmazonCustomerByEmail'},
                    'Permission': 'READ',
                },
            ],
        },
    ),
    '400 UnresolvableGrantByEmailAddress',
)
want(
    'no grants',
    lambda: s3.put_bucket_acl(Bucket=b, AccessControlPolicy={'Owner': {'ID': 'ann'}, 'Grants': []}),
    'ok',
)
want('owner reads acl', lambda: s3.get_bucket_acl(Bucket=b), 'ok')
want('owner lists', lambda: s3.list_objects(Bucket=b), 'ok')
want('owner sets', lambda: s3.put_bucket_acl(Bucket=b, ACL='private'), 'ok')
r = with_fields(
    s3,
    'PutObject',
    {f'x-amz-grant-{k}': 'id=bob' for k in ('read', 'read-acp', 'write-acp', 'full-control')},
    lambda: s3.put_object(Bucket=b, Key='hg', Body=b''),
)
want(
    'header grants',
    grants(s3.get_object_acl(Bucket=b, Key='hg')),
    sorted([('bob', p) for p in ('READ', 'READ_ACP', 'WRITE_ACP', 'FULL_CONTROL')]),
)


def pol(bk, *st):
    s3.put_bucket_policy(
        Bucket=bk,
        Policy=json.dumps(
            {
                'Version': '2012-10-17',
                'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '*'}, **s} for s in st],
            },
        ),
    )


p = bucket()
A = f'arn:aws:s3:::{p}'
s3.put_object(Bucket=p, Key='asdf', Body=b'asdf')
pol(p, {'Action': 's3:ListBucket', 'Resource': [A]})
want('pol list', lambda: alt.list_objects(Bucket=p), 'ok')
want('pol list2', lambda: alt.list_objects_v2(Bucket=p), 'ok')
want('anon pol', lambda: anon.list_objects(Bucket=p), 'ok')
want('multi res', lambda: pol(p, {'Action': 's3:ListBucket', 'Resource': [A, A + '/*']}), 'ok')
want('pol head', lambda: alt.head_bucket(Bucket=p), 'ok')
s3.put_bucket_acl(Bucket=p, ACL='authenticated-read')
pol(p, {'Effect': 'Deny', 'Action': 's3:ListBucket', 'Resource': [A]})
want('deny over acl', lambda: alt.list_objects(Bucket=p), '403 AccessDenied')
s3.delete_bucket_policy(Bucket=p)
s3.put_bucket_acl(Bucket=p, ACL='private')
pol(
    p,
    {
        'Action': ['s3:GetObject', 's3:GetObjectTagging'],
        'Resource': A + '/*',
        'Condition': {'StringEquals': {'s3:ExistingObjectTag/security': 'public'}},
    },
)
s3.put_object(Bucket=p, Key='pub', Body=b'', Tagging='security=public&foo=bar')
s3.put_object(Bucket=p, Key='priv', Body=b'', Tagging='security=private')
s3.put_object(Bucket=p, Key='inv', Body=b'', Tagging='security1=public')
want('tag pub', lambda: alt.get_object(Bucket=p, Key='pub'), 'ok')
want('tag priv', lambda: alt.get_object(Bucket=p, Key='priv'), '403 AccessDenied')
want('tag inv', lambda: alt.get_object(Bucket=p, Key='inv'), '403 AccessDenied')
want('tagging', lambda: alt.get_object_tagging(Bucket=p, Key='pub'), 'ok')
pol(
    p,
    {
        'Action': 's3:GetObjectAcl',
        'Resource': A + '/*',
        'Condition': {'StringEquals': {'s3:ExistingObjectTag/security': 'public'}},
    },
)
want('tag acl', lambda: alt.get_object_acl(Bucket=p, Key='pub'), 'ok')
want('tag acl2', lambda: alt.get_object_acl(Bucket=p, Key='priv'), '403 AccessDenied')
pol(
    p,
    {
        'Action': 's3:PutObjectTagging',
        'Resource': A + '/*',
        'Condition': {'StringEquals': {'s3:ExistingObjectTag/security': 'public'}},
    },
)
T = lambda **k: {'TagSet': [{'Key': x, 'Value': y} for x, y in k.items()]}
want(
    'put tag',
    lambda: alt.put_object_tagging(Bucket=p, Key='pub', Tagging=T(security='private', foo='bar')),
    'ok',
)
want(
    'put tag again',
    lambda: alt.put_object_tagging(Bucket=p, Key='pub', Tagging=T(security='public')),
    '403 AccessDenied',
)
q = bucket()
Q = f'arn:aws:s3:::{q}'
for k in ('public/foo', 'public/bar', 'private/foo'):
    s3.put_object(Bucket=p, Key=k, Body=k.encode())
pol(p, {'Action': ['s3:GetObject'], 'Resource': A + '/*'})
pol(
    q,
    {
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringLike': {'s3:x-amz-copy-source': p + '/public/*'}},
    },
)
want(
    'copy src ok',
    lambda: alt.copy_object(Bucket=q, Key='new', CopySource={'Bucket': p, 'Key': 'public/foo'}),
    'ok',
)
want(
    'copy src no',
    lambda: alt.copy_object(Bucket=q, Key='new', CopySource={'Bucket': p, 'Key': 'private/foo'}),
    '403 AccessDenied',
)
pol(
    q,
    {
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringEquals': {'s3:x-amz-metadata-directive': 'COPY'}},
    },
)
want(
    'copy meta',
    lambda: with_fields(
        alt,
        'CopyObject',
        {'x-amz-metadata-directive': 'COPY'},
        lambda: alt.copy_object(Bucket=q, Key='new', CopySource=f'{p}/public/foo'),
    ),
    'ok',
)
want(
    'copy meta no',
    lambda: alt.copy_object(Bucket=q, Key='new', CopySource=f'{p}/public/foo'),
    '403 AccessDenied',
)
pol(
    q,
    {'Action': 's3:PutObject', 'Resource': Q + '/*'},
    {
        'Effect': 'Deny',
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringLike': {'s3:x-amz-acl': 'public*'}},
    },
)
want('acl cond', lambda: alt.put_object(Bucket=q, Key='a', Body=b''), 'ok')
want(
    'acl cond no',
    lambda: alt.put_object(Bucket=q, Key='a', Body=b'', ACL='public-read'),
    '403 AccessDenied',
)
pol(
    q,
    {
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringEquals': {'s3:x-amz-grant-full-control': 'id=ann'}},
    },
)
want('grant cond', lambda: alt.put_object(Bucket=q, Key='a', Body=b'', GrantFullControl='id=ann'), 'ok')
pol(
    q,
    {
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringEquals': {'s3:RequestObjectTag/security': 'public'}},
    },
)
want('req tag no', lambda: alt.put_object(Bucket=q, Key='a', Body=b''), '403 AccessDenied')
want('req tag', lambda: alt.put_object(Bucket=q, Key='a', Body=b'', Tagging='security=public'), 'ok')
pol(
    q,
    {
        'Effect': 'Deny',
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'StringNotEquals': {'s3:x-amz-server-side-encryption': 'AES256'}},
    },
    {
        'Effect': 'Deny',
        'Action': 's3:PutObject',
        'Resource': Q + '/*',
        'Condition': {'Null': {'s3:x-amz-server-side-encryption': 'true'}},
    },
)
want('enc cond', lambda: s3.put_object(Bucket=q, Key='e', Body=b''), '403 AccessDenied')
want('enc cond ok', lambda: s3.put_object(Bucket=q, Key='e', Body=b'', ServerSideEncryption='AES256'), 'ok')
want('malformed', lambda: s3.put_bucket_policy(Bucket=q, Policy='{'), '400 MalformedPolicy')
want('malformed2', lambda: s3.put_bucket_policy(Bucket=q, Policy=''), '400 MalformedPolicy')
s3.delete_bucket_policy(Bucket=q)
want('bob sets policy', lambda: alt.put_bucket_policy(Bucket=q, Policy='{}'), '403 AccessDenied')
pol(
    q,
    {
        'Action': 's3:*',
        'Resource': [Q, Q + '/*'],
        'Condition': {'IpAddress': {'aws:SourceIp': '10.0.0.0/24'}},
    },
)
want('nonpublic', s3.get_bucket_policy_status(Bucket=q)['PolicyStatus']['IsPublic'], False)
pol(q, {'Action': 's3:*', 'Resource': [Q, Q + '/*']})
want('public', s3.get_bucket_policy_status(Bucket=q)['PolicyStatus']['IsPublic'], True)
want(
    'pab put',
    lambda: s3.put_public_access_block(
        Bucket=q,
        PublicAccessBlockConfiguration={
            'BlockPublicAcls': True,
            'IgnorePublicAcls': True,
            'BlockPublicPolicy': True,
            'RestrictPublicBuckets': False,
        },
    ),
    'ok',
)
want('pab acl', lambda: s3.put_bucket_acl(Bucket=q, ACL='public-read'), '403 AccessDenied')
want('pab obj', lambda: s3.put_object(Bucket=q, Key='x', Body=b'', ACL='public-read'), '403 AccessDenied')
want('pab pol', lambda: pol(q, {'Action': 's3:GetObject', 'Resource': Q + '/*'}), '403 AccessDenied')
want(
    'pab get',
    s3.get_public_access_block(Bucket=q)['PublicAccessBlockConfiguration']['RestrictPublicBuckets'],
    False,
)

tell()
