import { BlockList, isIP, SocketAddress } from 'node:net';

/** Where an address belongs. Only `public` may be reached by what a person or a model named. */
export type AddressRange =
  | 'public'
  | 'metadata' // credentials of cloud machines
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'unspecified'
  | 'multicast'
  | 'reserved';

// IANA's special-purpose registries for IPv4 and IPv6, and the metadata services that clouds answer at.
const RANGES: readonly (readonly [AddressRange, string])[] = [
  [
    'metadata',
    '169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32',
  ],
  ['metadata', 'fd00:ec2::254/128 fd00:ec2::23/128 fd20:ce::254/128'],
  ['loopback', '127.0.0.0/8 ::1/128'],
  ['unspecified', '0.0.0.0/8 ::/128'],
  ['private', '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10'],
  ['link_local', '169.254.0.0/16 fe80::/10'],
  ['multicast', '224.0.0.0/4 ff00::/8'],
  [
    'reserved',
    '192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4',
  ],
  ['reserved', '100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 64:ff9b:1::/48 ::/96'],
];

const LISTS = RANGES.map(([range, networks]) => {
  const list = new BlockList();
  for (const network of networks.split(' ')) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return { range, list };
});

/**
 * The range of an address in its usual form. An IPv6 address that carries an IPv4 address (mapped, compatible, NAT64,
 * 6to4, Teredo, ISATAP) is where that one is, if that is not public: some router takes it there.
 *
 * @throws RangeError for what is no address.
 */
export function rangeOf(address: string): AddressRange {
  const version = isIP(address);
  if (version === 0) throw new RangeError('not an address');
  if (version === 4) return listed(address, 'ipv4');
  const groups = groupsOf(address);
  for (const carried of carriedBy(groups)) {
    const range = listed(carried, 'ipv4');
    if (range !== 'public') return range;
  }
  // An IPv4 address written as IPv6 is that address.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return 'public';
  const own = listed(address, 'ipv6');
  // 2000::/3 is what is given out; all else is not, or not yet.
  return own === 'public' && ((groups[0] ?? 0) & 0xe000) !== 0x2000 && !isNat64(groups) ? 'reserved' : own;
}

function listed(address: string, family: 'ipv4' | 'ipv6'): AddressRange {
  return LISTS.find(({ list }) => list.check(address, family))?.range ?? 'public';
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const bare = new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const hex = (high = '0', low = '0') => ((Number(high) << 8) | Number(low)).toString(16);
  const text =
    dotted === null ? bare : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = '', tail] = text.split('::');
  const numbers = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const first = numbers(head);
  const last = tail === undefined ? [] : numbers(tail);
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function isNat64(groups: readonly number[]): boolean {
  return groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
}

function carriedBy(groups: readonly number[]): string[] {
  const carried: string[] = [];
  const take = (index: number, mask = 0) => {
    const high = (groups[index] ?? 0) ^ mask;
    const low = (groups[index + 1] ?? 0) ^ mask;
    carried.push(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
  };
  const zeros = groups.slice(0, 5).every((group) => group === 0);
  // Mapped (RFC 4291 §2.5.5.2), and compatible but for :: and ::1 (§2.5.5.1).
  if (zeros && (groups[5] === 0xffff || (groups[5] === 0 && (groups[6] !== 0 || (groups[7] ?? 0) > 1))))
    take(6);
  if (groups.slice(0, 4).every((group) => group === 0) && groups[4] === 0xffff && groups[5] === 0) take(6);
  // NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380 §4, inverted), ISATAP (RFC 5214 §6.1).
  if (groups[0] === 0x64 && groups[1] === 0xff9b) take(6);
  if (groups[0] === 0x2002) take(1);
  if (groups[0] === 0x2001 && groups[1] === 0) {
    take(2);
    take(6, 0xffff);
  }
  if (((groups[4] ?? 0) & 0xfdff) === 0 && groups[5] === 0x5efe) take(6);
  return carried;
}
