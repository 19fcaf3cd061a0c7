/** One rule, made of its settings: what is decided about requests, in this order: place, origin, referrer, signature. */
import type { GeoLookup } from '../guard/geo-lookup.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import { type CorsRule, corsRuleOf } from './cors.ts';
import { type GeoRule, geoRuleOf } from './geo-rule.ts';
import { type HotlinkRule, hotlinkRuleOf } from './hotlink.ts';
import { type SignedRule, signedRuleOf } from './signed-rule.ts';

export interface AccessRule {
  readonly geo: GeoRule | undefined;
  readonly geoStatus: number;
  /** For the field Link of a 451; undefined: none. */
  readonly blockedBy: string | undefined;
  readonly cors: CorsRule | undefined;
  readonly hotlink: HotlinkRule | undefined;
  /** Where a request is sent that the rule of hotlinks refuses; undefined: 403. */
  readonly hotlinkRedirect: string | undefined;
  readonly signed: SignedRule | undefined;
}

export function accessRuleOf(
  { geo, cors, hotlink, signed }: AccessRuleSettings,
  lookup: GeoLookup | undefined,
): AccessRule {
  return {
    geo: geoRuleOf(geo, lookup),
    geoStatus: Number(geo.status),
    blockedBy: geo.status === '451' ? geo.blockedBy : undefined,
    cors: corsRuleOf(cors),
    hotlink: hotlinkRuleOf(hotlink),
    hotlinkRedirect: hotlink.redirect,
    signed: signedRuleOf(signed),
  };
}
