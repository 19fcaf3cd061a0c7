/**
 * Whether two readings of one stream agree.
 *
 * The rule: what we accept llhttp accepts too, with the same start line, fields, body, trailers and fate of the
 * connection, message by message; what we refuse and llhttp does not is a row of `stricter`. A stream that
 * ends before one of both has decided is undecided.
 */
import { knownMethods } from './llhttp.ts';
import { stricter } from './stricter.ts';
import { isRefusal, type MessageView, type StreamView } from './view.ts';

export type Verdict =
  | { readonly kind: 'same' | 'undecided' }
  | { readonly kind: 'stricter' | 'wider'; readonly problem: string }
  | { readonly kind: 'difference'; readonly what: string };

const SAME: Verdict = { kind: 'same' };
const UNDECIDED: Verdict = { kind: 'undecided' };
const difference = (what: string): Verdict => ({ kind: 'difference', what });

/** `text` is the stream, for explanations. */
export function compareViews(ours: StreamView, theirs: StreamView, text: string): Verdict {
  for (let i = 0; i < ours.messages.length; i += 1) {
    const our = ours.messages[i]!;
    const their = theirs.messages[i];
    if (their === undefined) {
      if (!isRefusal(theirs))
        return difference(`message ${i}: llhttp has not seen it (${theirs.end})`);
      if (our.method !== '' && !knownMethods.has(our.method)) {
        return { kind: 'wider', problem: 'method-unknown-to-llhttp' };
      }
      return difference(`message ${i}: we accept a head that llhttp refuses: ${theirs.end}`);
    }
    const what =
      differentHead(our, their) ?? (our.complete ? differentBody(our, their, theirs) : undefined);
    if (what !== undefined) return difference(`message ${i}: ${what}`);
    if (!our.complete) return incomplete(ours, theirs, i, text);
    const fate = differentFate(our, their);
    if (fate !== undefined) return fate;
    // llhttp takes what follows Upgrade in HTTP/1.0 for another protocol; we ignore Upgrade there.
    if (their.upgrade && !our.upgrade)
      return { kind: 'stricter', problem: 'upgrade-in-old-version' };
  }
  return afterAll(ours, theirs, text);
}

/** Our last message is incomplete: refused in its body, or its end has not come. */
function incomplete(ours: StreamView, theirs: StreamView, index: number, text: string): Verdict {
  const our = ours.messages[index]!;
  const their = theirs.messages[index]!;
  if (isRefusal(ours)) {
    if (isRefusal(theirs) && !their.complete) return SAME;
    return explained(ours.end, their, text);
  }
  if (their.complete) return difference(`message ${index}: llhttp sees its end, we wait for more`);
  if (!isRefusal(theirs)) {
    return our.body === their.body ? SAME : difference(`message ${index}: body so far`);
  }
  // llhttp is sure before us that it goes wrong: nothing more than it saw may have passed.
  return our.body.startsWith(their.body) || their.body.startsWith(our.body)
    ? UNDECIDED
    : difference(`message ${index}: body so far`);
}

/** All our messages are complete and the same. */
function afterAll(ours: StreamView, theirs: StreamView, text: string): Verdict {
  const next = theirs.messages[ours.messages.length];
  if (isRefusal(ours)) {
    if (next !== undefined) return explained(ours.end, next, text);
    return isRefusal(theirs) ? SAME : UNDECIDED;
  }
  if (ours.end !== 'waiting') return SAME;
  if (next !== undefined) return difference('llhttp sees a message where we wait for more');
  return isRefusal(theirs) ? UNDECIDED : SAME;
}

function explained(problem: string, their: MessageView, text: string): Verdict {
  const row = stricter.find((each) => each.problem === problem);
  if (row === undefined) return difference(`we refuse what llhttp accepts: ${problem}`);
  return row.holds(their, text)
    ? { kind: 'stricter', problem }
    : difference(`${problem} does not explain why we refuse what llhttp accepts`);
}

function differentHead(our: MessageView, their: MessageView): string | undefined {
  if (our.start !== their.start) return `start line ${our.start} is ${their.start} to llhttp`;
  const left = JSON.stringify(headFields(our, our.hostReplaced));
  const right = JSON.stringify(headFields(their, our.hostReplaced));
  if (left !== right) return `fields ${left} are ${right} to llhttp`;
  if (our.upgrade && !their.upgrade) return 'we see an upgrade, llhttp does not';
  return undefined;
}

/** Whether the connection lives on; one of both reads no further then. */
function differentFate(our: MessageView, their: MessageView): Verdict | undefined {
  if (our.keepAlive === their.keepAlive || our.upgrade) return undefined;
  const options = our.fields
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/[ \t,]+/));
  // RFC 9112 section 9.3: `close` is looked for before anything else.
  if (!our.keepAlive && options.includes('close'))
    return { kind: 'stricter', problem: 'close-wins' };
  // RFC 9112 appendix C.2.2: Proxy-Connection is ignored; llhttp reads it as Connection.
  if (!our.keepAlive && our.fields.some(([name]) => name.toLowerCase() === 'proxy-connection')) {
    return { kind: 'stricter', problem: 'proxy-connection-ignored' };
  }
  // llhttp decides before it is told that the response is to HEAD and has no body.
  if (our.keepAlive && their.method === '' && our.body === '' && our.complete) {
    return { kind: 'wider', problem: 'head-response-keeps-connection' };
  }
  return difference(`keep-alive is ${their.keepAlive} to llhttp`);
}

function differentBody(
  our: MessageView,
  their: MessageView,
  theirs: StreamView,
): string | undefined {
  if (our.body !== their.body)
    return `body ${JSON.stringify(our.body)} is ${JSON.stringify(their.body)}`;
  if (!their.complete) return `we see its end, llhttp says ${theirs.end}`;
  const [left, right] = [JSON.stringify(our.trailers), JSON.stringify(their.trailers)];
  return left === right ? undefined : `trailers ${left} are ${right} to llhttp`;
}

function headFields(message: MessageView, withoutHost: boolean): MessageView['fields'] {
  return withoutHost
    ? message.fields.filter(([name]) => name.toLowerCase() !== 'host')
    : message.fields;
}
