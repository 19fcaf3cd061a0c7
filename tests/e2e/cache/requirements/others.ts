/** What stands beside RFC 9111: conditions and parts, targeted directives, Cache-Status, stale responses. */
import { specification } from './requirement.ts';

export const rfc9110 = specification('9110', 'HTTP Semantics: conditions and parts', [
  [
    '7.6.1',
    'MUST',
    'Remove Connection and what it names before a message is passed on.',
    [
      '9111 3.1 fields that Connection names are not stored',
      '9111 3.1 fields that Connection names in a second line are not stored',
    ],
  ],
  [
    '8.8.3.2',
    'MUST',
    'Compare tags of If-None-Match weakly, those of If-Range strongly.',
    [
      '9111 4.3.2 304 from the store: a weak tag for a strong one',
      '9111 4.3.2 304 from the store: a strong tag for a weak one',
      '13.1.5 a weak tag: the whole',
    ],
  ],
  [
    '13.1.2',
    'MUST',
    'Judge If-None-Match by each of its tags, and by whether anything is there for an asterisk.',
    [
      '9111 4.3.2 304 from the store: the first of a list',
      '9111 4.3.2 304 from the store: one within a list',
      '9111 4.3.2 304 from the store: the last of a list',
      '9111 4.3.2 304 from the store: a list in two lines',
      '9111 4.3.2 304 from the store: an asterisk',
      '9111 4.3.2 304 from the store: a tag with a comma in it',
      '9111 4.3.2 200 from the store: a tag without quotes',
    ],
  ],
  [
    '13.1.3',
    'MUST',
    'Ignore If-Modified-Since beside If-None-Match, or when it is no date.',
    [
      '9111 4.3.2 304 from the store: the tag, whatever the date',
      '9111 4.3.2 200 from the store: another tag, whatever the date',
      '9111 4.3.2 200 from the store: a date that is none',
    ],
  ],
  [
    '13.1.5',
    'MUST',
    'Send the whole where If-Range does not hold, and compare strongly.',
    [
      'another tag: the whole',
      'a weak tag: the whole',
      'no tag is stored: the whole',
      'a later date is not the same: the whole',
      'a date that is that of the response is weak: the whole',
      'something that is neither: the whole',
    ],
  ],
  ['13.1.5', 'MUST', 'Ignore If-Range without Range.', ['without Range it is nothing']],
  [
    '13.2.1',
    'MUST',
    'Judge conditions only where the answer without them would be 2xx.',
    [
      '9111 4.3.2 a condition does not turn a stored 404 into a 304',
      '9111 4.3.2 a condition does not turn a stored redirect into a 304',
    ],
  ],
  [
    '13.2.2',
    'MUST',
    'Judge conditions before ranges.',
    ['14.2 a condition comes before a range: 304', '14.2 a condition comes before a range: 206'],
  ],
  ['14.2', 'MUST', 'Ignore Range of other methods than GET.', ['Range of a HEAD is ignored']],
  [
    '14.2',
    'MUST',
    'Ignore ranges in units that are not known, or that can not be read.',
    ['ignored: *', 'two lines of Range are none'],
  ],
  [
    '14.2',
    'SHOULD',
    'Answer 206 where there is something, 416 where there is nothing.',
    ['part of what is stored: *', '416: *'],
  ],
  [
    '14.2',
    'SHOULD',
    'Not answer many small or overlapping ranges one by one.',
    [
      'many small parts are not answered one by one',
      'overlapping parts do not multiply what is sent',
    ],
  ],
  [
    '15.2',
    'MUST',
    'Pass interim responses on.',
    [
      'a 103 is passed on where it is met',
      'a 102 is passed on where it is met',
      'several interim responses are passed on',
      'fields of a 103 are not those of the final response',
    ],
  ],
  [
    '15.3.7',
    'MUST',
    'Send with 206 the fields that a 200 would have.',
    [
      '14.2 a 206 has the fields that a 200 would have',
      '15.3.7 a 200 to a request with Range is the whole',
    ],
  ],
  [
    '15.3.7.2',
    'MUST',
    'Send several parts as multipart/byteranges with Content-Range in each and not outside.',
    ['14.2 two parts come as multipart/byteranges'],
  ],
  [
    '15.3.7.3',
    'MUST NOT',
    'Combine parts without the same strong validator.',
    [
      '9111 3.4 parts with other tags are not put together',
      '9111 3.4 parts with weak tags are not put together',
      '9111 3.4 parts without a validator are not put together',
    ],
  ],
  [
    '15.4.5',
    'MUST',
    'Send with 304 what a 200 would have had of Content-Location, Date, ETag, Vary, Cache-Control and Expires.',
    ['9111 4.3.2 a 304 from the store has what a 200 would have'],
  ],
  ['15.5.17', 'SHOULD', 'Say the length with 416.', ['14.2 416: *']],
  [
    '15.6',
    'MUST',
    'Answer 502 or 504 for an origin that answers wrongly or not at all, and store nothing of it.',
    [
      'an origin that goes away without a byte is 502 or 504, and is not stored',
      'our own error is not stored',
      'a head that is far too large is 502, and is not stored',
      'two lengths that differ are 502, and are not stored',
    ],
  ],
]);

export const rfc9213 = specification('9213', 'Targeted Cache Control', [
  [
    '2.1',
    'MUST',
    'Parse the field as a Dictionary, and ignore one that is none or empty.',
    [
      '2 no Dictionary, Cache-Control is fresh: *',
      '2 no Dictionary, Cache-Control is stale: *',
      '2 an empty field is as if it were not there: *',
      '2 two lines of which one is wrong are none',
    ],
  ],
  [
    '2.1',
    'MUST',
    'Take the last of two members with one key, and values by their type.',
    [
      '2 fresh by CDN-Cache-Control: max-age=0, max-age=3600',
      '2 not fresh by CDN-Cache-Control: max-age=3600, max-age=0',
      '2 not fresh by CDN-Cache-Control: max-age="3600"',
      '2 fresh by CDN-Cache-Control: max-age=3600;x=1',
      '2 fresh by CDN-Cache-Control: max-age=3600, no-store=?0',
    ],
  ],
  [
    '2.2',
    'MUST',
    'Use the targeted field alone where it is valid: neither Cache-Control nor Expires count.',
    [
      '2 it takes precedence over *',
      '2 Expires does not count where it is there without a time',
      '2 stale directives of Cache-Control do not count where it is there',
      '2 Pragma does not count',
    ],
  ],
  [
    '2.2',
    'MUST',
    'Obey its directives as those of Cache-Control.',
    [
      '2 its no-cache has it validated each time',
      '2 must-revalidate in it counts',
      '2 private fields in it are those that are not stored',
      '2 it lets what was authorized be shared when it says so',
      '2 it does not let what was authorized be shared when it does not say so',
      '2 Age counts against it',
      '2 Date counts against it',
      '2 a 304 brings a new one',
      '2 in a request it is nothing',
    ],
  ],
]);

export const rfc9211 = specification('9211', 'Cache-Status', [
  [
    '2',
    'MUST',
    'Add a member behind those of caches nearer to the origin, and one only.',
    ['it stands behind those of caches before', 'a hit has only one member of ours'],
  ],
  ['2.1', 'MUST NOT', 'Say hit and fwd at once.', ['a hit says so', 'a miss does not say hit']],
  [
    '2.2',
    'MUST',
    'Say why a request was forwarded.',
    [
      'a miss says why it was forwarded',
      'another variant is a vary-miss',
      'a stale response is forwarded because of that',
      'a wish of the client is the reason',
      'a method is the reason',
    ],
  ],
  ['2.3', 'MAY', 'Say what the origin has answered.', ['a validation says what the origin said']],
  [
    '2.4',
    'MAY',
    'Say for how long it is fresh, by a negative number when it is stale.',
    ['a hit says for how long it is fresh', 'a stale hit has a negative ttl'],
  ],
  [
    '2.5',
    'MAY',
    'Say that it was stored.',
    ['a miss that is stored says so', 'a miss that is not stored does not say so'],
  ],
]);

export const rfc5861 = specification('5861', 'Stale content', [
  [
    '3',
    'MAY',
    'Use it stale within stale-while-revalidate while it is validated, without having the client wait.',
    [
      'it is used at once, and validated behind that',
      'a new response is there for the next',
      'a 304 makes it fresh for the next',
      'many requests have it validated once',
      'an error behind it does not take its place',
    ],
  ],
  [
    '3',
    'SHOULD NOT',
    'Use it so behind that time.',
    [
      'behind the window it is not used',
      'a window that is no time is none',
      'a window without a time is none',
    ],
  ],
  [
    '4',
    'MAY',
    'Use it stale within stale-if-error when the origin answers 500, 502, 503 or 504, or not at all.',
    ['it is used when *', 'the request may allow it', 'the origin is asked again the next time'],
  ],
  [
    '4',
    'SHOULD NOT',
    'Use it so behind that time, or for other statuses.',
    [
      'behind its time it is not used',
      'it is not used when the origin answers *',
      'a time that is none does not allow it',
    ],
  ],
]);

export const rfc8246 = specification('8246', 'Immutable responses', [
  [
    '2',
    'SHOULD NOT',
    'Take immutable for more than it is: it lengthens no time.',
    [
      'immutable does not keep it from being stored',
      'immutable does not make it fresh for longer',
      'immutable alone makes nothing fresh',
      'a stale immutable response is validated',
    ],
  ],
  [
    '2.1',
    'SHOULD NOT',
    'Use an immutable response that may be incomplete.',
    ['2 an immutable body that was cut short is not used'],
  ],
]);
