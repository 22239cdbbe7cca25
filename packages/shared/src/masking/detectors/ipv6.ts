import { ALNUM, HEX_VALUE, isDigit } from '../bytes.ts';
import type { SignDetector, Text } from '../detector.ts';

/**
 * IPv6 addresses (RFC 4291 §2.2): eight groups, or "::" for the groups left out, with a dotted IPv4 tail or none.
 * The unspecified and loopback addresses are left; so are clock times, MAC addresses and `a::b` in code.
 */
export const ipv6: SignDetector = {
  name: 'ipv6',
  entity: 'IP',
  confidence: 0.9,
  on: 'sign',
  signs: ':',
  detect(text, at) {
    let from = at;
    while (from > text.floor && at - from < 5 && HEX_VALUE[text.byte(from - 1)] !== 255) from -= 1;
    if (from === at && text.byte(at + 1) !== 0x3a) return false;
    const before = from > 0 ? (text.buffer[from - 1] ?? 0) : 0;
    if (
      from > text.floor &&
      ((ALNUM[before] ?? 0) !== 0 || before === 0x3a || before === 0x2e || before === 0x5f)
    )
      return false;
    const end = read(text, from);
    return end > 0 && text.found(from, end);
  },
};

/** @returns the end of the address at `from`, 0 where there is none. */
function read(text: Text, from: number): number {
  let groups = 0;
  let gap = false;
  let long = 0;
  let digits = 0;
  let at = from;
  let end = 0;
  if (text.byte(at) === 0x3a) {
    if (text.byte(at + 1) !== 0x3a) return 0;
    gap = true;
    at += 2;
    end = at;
  }
  while (groups < 8) {
    const begin = at;
    while (at - begin < 5 && HEX_VALUE[text.byte(at)] !== 255) {
      if (isDigit(text.byte(at))) digits += 1;
      at += 1;
    }
    const size = at - begin;
    if (size === 0) break;
    if (size > 4) return 0;
    if (text.byte(at) === 0x2e && groups > 0) {
      const tail = dottedEnd(text, begin);
      if (tail === 0) return 0;
      groups += 2;
      end = tail;
      at = tail;
      break;
    }
    groups += 1;
    if (size >= 3) long += 1;
    end = at;
    if (text.byte(at) !== 0x3a) break;
    if (text.byte(at + 1) === 0x3a) {
      if (gap) return 0;
      gap = true;
      at += 2;
      end = at;
    } else {
      at += 1;
    }
  }
  if (at < text.limit && ((ALNUM[text.byte(at)] ?? 0) !== 0 || text.byte(at) === 0x5f)) return 0;
  if (text.byte(end) === 0x3a && HEX_VALUE[text.byte(end + 1)] !== 255) return 0;
  return plausible(text, from, end, groups, gap, long, digits) ? end : 0;
}

function plausible(
  text: Text,
  from: number,
  end: number,
  groups: number,
  gap: boolean,
  long: number,
  digits: number,
): boolean {
  // Eight pairs are a MAC-like identifier, not an address.
  if (!gap) return groups === 8 && long > 0;
  if (groups > 7 || groups === 0 || digits === 0) return false;
  if (groups === 1 && end - from === 3 && text.byte(end - 1) === 0x31) return false;
  return groups >= 3 || long > 0;
}

function dottedEnd(text: Text, from: number): number {
  let at = from;
  for (let octets = 0; octets < 4; octets += 1) {
    const begin = at;
    let value = 0;
    while (at - begin < 4 && isDigit(text.byte(at))) {
      value = value * 10 + text.byte(at) - 0x30;
      at += 1;
    }
    if (at === begin || value > 255) return 0;
    if (octets < 3) {
      if (text.byte(at) !== 0x2e) return 0;
      at += 1;
    }
  }
  return at;
}
