import { BlockList, isIP } from 'node:net';
import { ConfigError } from './errors.ts';

/** Addresses that lead nowhere but into one's own networks (RFC 1918, RFC 4193, loopback, link-local). */
const PRIVATE = new BlockList();
PRIVATE.addSubnet('127.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4');
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4');
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4');
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** @throws Error that never repeats the URL: it may hold a password */
export function redisUrl(value: unknown): string {
  const parsed = typeof value === 'string' ? URL.parse(value) : null;
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw new Error('must be a URL like rediss://user:password@redis.bank.example:6380/0');
  if (parsed.search !== '' || parsed.hash !== '' || !/^(|\/|\/\d{1,4})$/.test(parsed.pathname))
    throw new Error('must be a URL with nothing behind the number of the database');
  return parsed.href;
}

/**
 * Without TLS the password goes in the clear, and whoever can change what is said can reset a rate limit. Where the
 * address shows that it stays in one's own network that is the operator's choice; a name with a dot shows nothing.
 *
 * @throws ConfigError
 */
export function refusePlainRedis(url: string | undefined, plaintextAllowed: boolean): void {
  if (url === undefined || plaintextAllowed) return;
  const { protocol, hostname } = new URL(url);
  if (protocol === 'rediss:' || isOwnNetwork(hostname.replace(/^\[|\]$/g, ''))) return;
  throw new ConfigError(
    'redisUrl begins with redis:// and does not name loopback, a private address or a name without a dot, so passwords and counters would travel in the clear. Use rediss://, or set SALLYPORT_REDIS_PLAINTEXT=true if the network in between is yours.',
  );
}

function isOwnNetwork(host: string): boolean {
  const family = isIP(host);
  // A single label (Compose, one namespace of Kubernetes) is only ever resolved by the network's own resolver.
  if (family === 0) return !host.includes('.') || host.endsWith('.localhost');
  return PRIVATE.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
