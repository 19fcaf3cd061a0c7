/** A rule for tests: what it does not say is as the settings have it by themselves. */
import { defaultsOf, Secret, section } from '../../core/config/index.ts';
import { type AccessRuleSettings, accessRules } from './access-fields.ts';

const { geo, cors, hotlink, signed } = accessRules.fields;
const standard = defaultsOf(section('fixture', 'For tests.', { geo, cors, hotlink, signed }));

type Signed = AccessRuleSettings['signed'];

export interface RulePatch {
  readonly geo?: Partial<AccessRuleSettings['geo']>;
  readonly cors?: Partial<AccessRuleSettings['cors']>;
  readonly hotlink?: Partial<AccessRuleSettings['hotlink']>;
  readonly signed?: Partial<Omit<Signed, 'keys'>> & {
    readonly keys?: readonly { readonly name: string; readonly secret: string }[];
  };
}

export function ruleOf(patch: RulePatch, name = 'r'): AccessRuleSettings {
  const keys = (patch.signed?.keys ?? []).map((key) => ({
    ...key,
    secret: new Secret(key.secret),
  }));
  return {
    name,
    geo: { ...standard.geo, ...patch.geo },
    cors: { ...standard.cors, ...patch.cors },
    hotlink: { ...standard.hotlink, ...patch.hotlink },
    signed: { ...standard.signed, ...patch.signed, keys },
  };
}
