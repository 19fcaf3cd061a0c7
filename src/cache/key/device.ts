/**
 * The kind of device that a request says it comes from, for servers that send each kind a page of its own.
 *
 * Sec-CH-UA-Mobile (User-Agent Client Hints, section 3.4) is asked first, the words that browsers put into
 * User-Agent then. What says nothing counts as a desktop.
 */
import { FieldId, type Fields, lowerName } from '../../core/wire/index.ts';

const DEVICES = ['mobile', 'tablet', 'desktop'] as const;
export type Device = (typeof DEVICES)[number];

const HINT = lowerName('sec-ch-ua-mobile');
/** Browsers of tablets on Android leave out Mobile, which those of telephones have. */
const TABLET = /iPad|Tablet|PlayBook|Silk(?!.*Mobile)|Kindle|Android(?!.*Mobi)/;
const MOBILE = /Mobi|iPhone|iPod|Windows Phone|Opera Mini|BlackBerry/;
/** Longer ones are not read to their end, characters. */
const AGENT_MAX = 512;

export function deviceOf(fields: Fields): Device {
  const hint = fields.findName(HINT);
  if (hint !== -1 && fields.value(hint) === '?1') return 'mobile';
  const agent = fields.get(FieldId.userAgent)?.slice(0, AGENT_MAX) ?? '';
  if (TABLET.test(agent)) return 'tablet';
  // A browser that says ?0 is on no telephone, whatever old words its name has.
  const saysNo = hint !== -1 && fields.value(hint) === '?0';
  return !saysNo && MOBILE.test(agent) ? 'mobile' : 'desktop';
}
