import { ALNUM, isDigit } from '../bytes.ts';
import type { SignDetector, Text } from '../detector.ts';
import { TOKEN_MAX_BYTES } from '../limits.ts';

/** Tokens of services that begin with their maker's prefix and a sign: `ghp_…`, `glpat-…`, `xoxb-…`, `sk_live_…`. */
export const serviceToken: SignDetector = {
  name: 'service-token',
  entity: 'TOKEN',
  confidence: 0.99,
  on: 'sign',
  signs: '_-',
  detect(text, at) {
    const candidates = BY_LAST.get((text.byte(at - 1) << 8) | text.byte(at));
    if (candidates === undefined) return false;
    for (const [prefix, least] of candidates) {
      const from = at + 1 - prefix.length;
      if (from < text.floor || !text.startsWith(prefix, from)) continue;
      if (from > text.floor && (ALNUM[text.byte(from - 1)] ?? 0) !== 0) continue;
      // The first 64 characters decide: a text full of prefixes must not be read to its end from each of them.
      if (!isRandom(text, at + 1, bodyEnd(text, at + 1, 64))) continue;
      const to = bodyEnd(text, at + 1, TOKEN_MAX_BYTES);
      if (to - at - 1 >= least) return text.found(from, to);
    }
    return false;
  },
};

/** Prefix and least length of what follows it. Longer prefixes of one maker come first. */
const PREFIXES: readonly (readonly [string, number])[] = [
  ['github_pat_', 22],
  ['ghp_', 30],
  ['gho_', 30],
  ['ghu_', 30],
  ['ghs_', 30],
  ['ghr_', 30],
  ['glpat-', 20],
  ['gldt-', 20],
  ['glrt-', 20],
  ['glcbt-', 20],
  ['xoxb-', 20],
  ['xoxp-', 20],
  ['xoxa-', 20],
  ['xoxr-', 20],
  ['xoxs-', 20],
  ['xoxe-', 20],
  ['xapp-', 20],
  ['sk_live_', 16],
  ['sk_test_', 16],
  ['rk_live_', 16],
  ['rk_test_', 16],
  ['whsec_', 24],
  ['sk-ant-', 24],
  ['sk-proj-', 24],
  ['sk-', 32],
  ['gsk_', 40],
  ['npm_', 30],
  ['pypi-', 40],
  ['hf_', 30],
  ['dop_v1_', 40],
  ['doo_v1_', 40],
  ['dckr_pat_', 20],
  ['shpat_', 32],
  ['shpss_', 32],
  ['shpca_', 32],
  ['shppa_', 32],
  ['glsa_', 32],
  ['lin_api_', 32],
  ['GOCSPX-', 24],
  ['sq0atp-', 22],
  ['sq0csp-', 40],
  ['tskey-', 20],
  ['PMAK-', 40],
  ['xkeysib-', 40],
  ['key-', 32],
  ['sbp_', 40],
  ['figd_', 30],
  ['ntn_', 40],
  ['secret_', 40],
  ['r8_', 36],
  ['pat-', 30],
  ['lsv2_', 32],
];

const BY_LAST = new Map<number, (readonly [string, number])[]>();
for (const entry of PREFIXES) {
  const prefix = entry[0];
  const last = (prefix.charCodeAt(prefix.length - 2) << 8) | prefix.charCodeAt(prefix.length - 1);
  BY_LAST.set(last, [...(BY_LAST.get(last) ?? []), entry]);
}

function bodyEnd(text: Text, from: number, mostBytes: number): number {
  const most = Math.min(text.limit, from + mostBytes);
  let at = from;
  while (at < most && ((ALNUM[text.byte(at)] ?? 0) !== 0 || text.byte(at) === 0x5f || text.byte(at) === 0x2d))
    at += 1;
  return at;
}

/** A name in words ("sk-learn-contrib-something") has no digit among its letters. */
export function isRandom(text: Text, from: number, to: number): boolean {
  let digits = 0;
  let letters = 0;
  for (let at = from; at < to; at += 1) {
    if (isDigit(text.byte(at))) digits += 1;
    else if (ALNUM[text.byte(at)] === 1) letters += 1;
  }
  return digits >= 2 && letters >= 2;
}
