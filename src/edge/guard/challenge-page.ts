/**
 * The page that sets the task: it works on it with the browser's own SHA-256, puts the solution into a cookie and
 * loads the page again. Without scripts, or without TLS, where browsers have no SubtleCrypto, it says so.
 *
 * Its policy (CSP) allows this one script, by its hash, and nothing else.
 */
import { createHash } from 'node:crypto';
import { CHALLENGE_COOKIE } from './challenge.ts';

const SCRIPT = `
const say = (text) => { document.getElementById('state').textContent = text; };
const { task, seconds } = document.body.dataset;
const bits = Number(task.split('.')[1]);
const zeroBits = (hash) => {
  let count = 0;
  for (const byte of hash) {
    if (byte !== 0) return count + Math.clz32(byte) - 24;
    count += 8;
  }
  return count;
};
const work = async () => {
  if (!globalThis.crypto || !crypto.subtle) {
    say('This needs a secure connection: use https.');
    return;
  }
  const encoder = new TextEncoder();
  const tryOne = async (number) => {
    const text = task + '.' + number;
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
    return zeroBits(hash) >= bits ? text : '';
  };
  for (let first = 0; ; first += 512) {
    const tries = [];
    for (let i = 0; i < 512; i++) tries.push(tryOne(first + i));
    const found = (await Promise.all(tries)).find((text) => text !== '');
    if (!found) continue;
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = '${CHALLENGE_COOKIE}=' + found + '; Path=/; SameSite=Lax; Max-Age=' + seconds + secure;
    if (!document.cookie.includes('${CHALLENGE_COOKIE}=')) {
      say('This needs cookies. Allow them for this site and load the page again.');
      return;
    }
    location.reload();
    return;
  }
};
work();
`;

const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');

/** For the field Content-Security-Policy. */
export const CHALLENGE_POLICY = `default-src 'none'; script-src 'sha256-${SCRIPT_HASH}'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'`;

/** @param task letters, digits, `.`, `-` and `_` only. @param seconds for which the cookie is kept. */
export function challengePage(task: string, seconds: number): Buffer {
  return Buffer.from(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>One moment</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}</style>
<body data-task="${task}" data-seconds="${seconds}">
<h1>One moment</h1>
<p id="state">This site has many visitors just now. Your browser is solving a small task that shows it is one; the page loads by itself.</p>
<noscript><p>This needs JavaScript for a moment.</p></noscript>
<script>${SCRIPT}</script>
</body>
</html>
`);
}
