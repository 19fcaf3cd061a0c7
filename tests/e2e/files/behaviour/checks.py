"""What the areas beside share: clients of several users, and the keeping of what was expected and what was met.

    python3 area.py http://127.0.0.1:PORT key secret key2 secret2
"""
import datetime
import json
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key1, secret1, key2, secret2 = sys.argv[1:6]


def client(key, secret, version='s3v4'):
    config = Config(
        signature_version=version,
        s3={'addressing_style': 'path'},
        read_timeout=20,
        retries={'total_max_attempts': 1},
    )
    return boto3.client(
        's3',
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name='us-east-1',
        config=config,
    )


# The owner of nearly everything, another user, nobody, and the owner by Signature Version 2.
s3 = client(key1, secret1)
alt = client(key2, secret2)
anon = client('', '', UNSIGNED)
old = client(key1, secret1, 's3')

made = 0
kept = 0
differences = []


def bucket(**options):
    """A new bucket of the owner's."""
    global made
    made += 1
    name = f'bucket-{made}'
    s3.create_bucket(Bucket=name, **options)
    return name


def code(work):
    """'ok', or status and code of the error."""
    try:
        work()
        return 'ok'
    except ClientError as error:
        status = error.response['ResponseMetadata']['HTTPStatusCode']
        return f"{status} {error.response['Error'].get('Code')}"


def want(name, met, expected):
    """Keeps a difference; a function is called for its outcome."""
    global kept
    if callable(met):
        met = code(met)
    if met == expected:
        kept += 1
    else:
        differences.append(f'{name}: {met!r} instead of {expected!r}')


def with_fields(which, operation, fields, work):
    """Does work whose requests get fields that the client would not send."""

    def add(**event):
        event['params']['headers'].update(fields)

    name = f'before-call.s3.{operation}'
    which.meta.events.register(name, add)
    try:
        return work()
    finally:
        which.meta.events.unregister(name, add)


def keys_of(page):
    """The keys and the rolled-up prefixes of a page of a listing."""
    keys = [row['Key'] for row in page.get('Contents', [])]
    return keys, [row['Prefix'] for row in page.get('CommonPrefixes', [])]


def tell():
    print(json.dumps({'kept': kept, 'differences': differences}))
