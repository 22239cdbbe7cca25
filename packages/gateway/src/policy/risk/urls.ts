import { isIP } from 'node:net';
import { type AddressRange, rangeOf } from './addresses.ts';
import { DECODINGS_MAX, URL_MAX_CHARACTERS } from './limits.ts';

export type { AddressRange } from './addresses.ts';

/** What may make two programs read one URL differently. */
export type UrlOddity =
  | 'unreadable' // no URL, or too long
  | 'control' // control characters, spaces, line breaks, half of a surrogate pair
  | 'backslash'
  | 'credentials' // user:password@
  | 'slashes' // none, one or three slashes where two belong
  | 'host_form' // an address that isn't in its usual form: hex, octal, one number, trailing dot, zone
  | 'encoded_host' // percent-encoding, full-width letters or other separators in the host
  | 'idn' // letters beyond ASCII in a name
  | 'port'; // a port that isn't the scheme's

/**
 * `public`: an address that anyone may reach. `name`: a name, which only its resolution places; whoever connects must
 * check the address it connects to. `internal`: an address or name of a machine or network of one's own. `ambiguous`:
 * programs may read different hosts in it, or none. `scheme`: neither http nor https.
 */
export type UrlRisk = 'public' | 'name' | 'internal' | 'ambiguous' | 'scheme';

export interface UrlFacts {
  /** Lower-case, without the colon; empty where there is none. */
  readonly scheme: string;
  /** As the WHATWG standard reads it: lower-case, decoded, addresses in their usual form, without brackets. */
  readonly host: string;
  /** Given or the scheme's; 0 where there is none. */
  readonly port: number;
  /** Of an address; a name has none. */
  readonly range?: AddressRange;
  readonly oddities: readonly UrlOddity[];
  readonly risk: UrlRisk;
}

// Names that are not for the public DNS (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal), and of cloud machines' insides.
const INTERNAL_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|test|invalid|example|onion|svc|cluster\.local)$/;
const METADATA_NAME = /^(?:metadata|instance-data|metadata\.google\.internal|metadata\.azure\.com)$/;
// Services that answer with the address that is in the name (sslip.io and its like), and ones that answer with 127.0.0.1.
const NAME_OF_ADDRESS =
  /(?:^|[.-])(?:\d{1,3}[.-]){3}\d{1,3}(?:[.-]|$)|(?:^|\.)(?:nip|sslip|xip)\.io$|(?:^|\.)(?:localtest\.me|lvh\.me|vcap\.me|lacolhost\.com|1u\.ms|rbndr\.us|traefik\.me)$/;
const AMBIGUOUS: ReadonlySet<UrlOddity> = new Set([
  'unreadable',
  'control',
  'backslash',
  'credentials',
  'slashes',
  'host_form',
  'encoded_host',
]);

// Controls, spaces, marks without width and of direction.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Z}]/u;

/** Reads a URL argument. Pure: no name is resolved and nothing is fetched. */
export function readUrl(text: string): UrlFacts {
  const oddities = new Set<UrlOddity>();
  const url = text.length > URL_MAX_CHARACTERS ? null : URL.parse(text);
  if (url === null) return { scheme: '', host: '', port: 0, oddities: ['unreadable'], risk: 'ambiguous' };
  const scheme = url.protocol.slice(0, -1).toLowerCase();
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const web = scheme === 'http' || scheme === 'https';
  const standard = scheme === 'https' ? 443 : scheme === 'http' ? 80 : 0;
  const port = url.port === '' ? standard : Number(url.port);
  noteForm(text, url, oddities);
  if (port !== standard) oddities.add('port');
  const address = isIP(host) === 0 ? undefined : host;
  const range = address === undefined ? undefined : rangeOf(address);
  return {
    scheme,
    host,
    port,
    ...(range === undefined ? {} : { range }),
    oddities: [...oddities].sort(),
    risk: web ? riskOf(host, range, text, oddities) : 'scheme',
  };
}

function riskOf(
  host: string,
  range: AddressRange | undefined,
  text: string,
  oddities: ReadonlySet<UrlOddity>,
): UrlRisk {
  if (range !== undefined && range !== 'public') return 'internal';
  if (range === undefined && isInternalName(host)) return 'internal';
  // A host somewhere in the text that another program might read as the host.
  if ([...oddities].some((oddity) => AMBIGUOUS.has(oddity)))
    return mentionsInternal(text) ? 'internal' : 'ambiguous';
  return range === undefined ? 'name' : 'public';
}

function isInternalName(host: string): boolean {
  const name = host.replace(/\.+$/, '');
  return (
    !name.includes('.') || INTERNAL_NAME.test(name) || METADATA_NAME.test(name) || NAME_OF_ADDRESS.test(name)
  );
}

/** The authority as written: between the slashes and the first of `/`, `?`, `#`. */
function writtenAuthority(text: string): { slashes: string; authority: string } {
  const match = /^[\p{Cc}\s]*[a-z][a-z0-9+.\t\n\r-]*:([\\/\t\n\r]*)([^/\\?#]*)/iu.exec(text);
  return { slashes: match?.[1] ?? '', authority: match?.[2] ?? '' };
}

function noteForm(text: string, url: URL, oddities: Set<UrlOddity>): void {
  if (UNSEEN.test(text) || !text.isWellFormed()) oddities.add('control');
  const { slashes, authority } = writtenAuthority(text);
  if (/^[^?#]*\\/.test(text)) oddities.add('backslash');
  else if (slashes !== '//' && /^https?:$/.test(url.protocol)) oddities.add('slashes');
  if (url.username !== '' || url.password !== '' || authority.includes('@')) oddities.add('credentials');
  const written = authority
    .replace(/^.*@/s, '')
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const decoded = decodedHost(written);
  if (decoded !== written || /\P{ASCII}/u.test(written.normalize('NFKC')) !== /\P{ASCII}/u.test(written)) {
    oddities.add('encoded_host');
  } else if (/\P{ASCII}/u.test(written)) oddities.add('idn');
  if (/(?:^|\.)xn--/i.test(host)) oddities.add('idn');
  const isAddress = isIP(host) !== 0;
  if (isAddress && (isIP(host) === 4 ? written !== host : isIP(written) !== 6)) oddities.add('host_form');
  // Something that looks like a number but isn't an address to this parser may be one to another.
  if (!isAddress && /(?:^|\.)(?:0x[0-9a-f]*|\d+)\.?$/i.test(host)) oddities.add('host_form');
  if (host.endsWith('.') || written.endsWith('.')) oddities.add('host_form');
}

function decodedHost(written: string): string {
  let host = written;
  for (let step = 0; step < DECODINGS_MAX; step += 1) {
    host = host.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  // Full stops and digits that name preparation makes plain.
  return host.replace(/[\u3002\uff0e\uff61]/g, '.');
}

/** Whether an address or name of the inside stands anywhere in the text before its query. */
function mentionsInternal(text: string): boolean {
  const pieces = decodedHost(text.normalize('NFKC')).split(/[/\\@?#\s,;&=[\]]+/);
  return pieces.some((piece) => {
    const host = URL.parse(
      `http://${/^[0-9a-f:.]*:[0-9a-f:.]*:/i.test(piece) ? `[${piece}]` : piece}`,
    )?.hostname;
    if (host === undefined) return false;
    const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
    if (isIP(bare) !== 0) return rangeOf(bare) !== 'public';
    return bare.includes('.') && isInternalName(bare);
  });
}
