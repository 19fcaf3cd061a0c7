/** Who may change settings: who has the token (RFC 6750, `Authorization: Bearer <token>`). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { DoorRequest, Page } from './page.ts';
import { problemPage } from './problems.ts';

const CHALLENGE = { 'www-authenticate': 'Bearer realm="plinth"' };

/** The answer to a request that may not go on; undefined when it may. @param token undefined when there is none */
export function refusal(request: DoorRequest, token: string | undefined): Page | undefined {
  if (token === undefined) {
    const detail =
      'a door that is not on loopback takes no generated token; set admin.token to one of your own';
    return problemPage('closed', detail);
  }
  const given = /^Bearer +([\w~+/.-]+=*) *$/i.exec(request.header('authorization') ?? '')?.[1];
  if (given === undefined) {
    const detail = 'send the token as Authorization: Bearer <token>';
    return problemPage('no-token', detail, { headers: CHALLENGE });
  }
  if (same(given, token)) return undefined;
  const challenge = {
    'www-authenticate': `${CHALLENGE['www-authenticate']}, error="invalid_token"`,
  };
  return problemPage('wrong-token', 'the token is not that of this process', {
    headers: challenge,
  });
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
