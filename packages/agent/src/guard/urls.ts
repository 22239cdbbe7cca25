const PATTERN = /^(https?):\/\/(\[[^\]]+\]|[^/:]+)(?::(\d+|\*))?(\/.*)?$/i;

/**
 * Whether a URL matches one of the patterns of `allow` in agent.yaml.
 *
 * A pattern is `scheme://host[:port][/path]`. The port may be `*`; the host may begin with `*.`, which stands for
 * one label or more; a path that ends in `*` is a prefix, without a path every path matches. Compared after the
 * WHATWG parser has resolved dot segments, default ports and percent-encoded hosts, so that one address has one
 * spelling. A URL with a password never matches.
 */
export function urlAllowed(text: string, patterns: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  return patterns.some((pattern) => matches(url, pattern));
}

function matches(url: URL, pattern: string): boolean {
  const parts = PATTERN.exec(pattern);
  if (parts === null) return false;
  const [, scheme = '', host = '', port, path] = parts;
  if (url.protocol !== `${scheme.toLowerCase()}:`) return false;
  return hostMatches(url.hostname, host.toLowerCase()) && portMatches(url, port) && pathMatches(url, path);
}

function hostMatches(hostname: string, host: string): boolean {
  if (!host.startsWith('*.')) return hostname === host;
  return hostname.endsWith(host.slice(1)) && hostname.length > host.length - 1;
}

function portMatches(url: URL, port: string | undefined): boolean {
  if (port === '*') return true;
  const standard = url.protocol === 'https:' ? '443' : '80';
  return (url.port === '' ? standard : url.port) === (port ?? standard);
}

function pathMatches(url: URL, path: string | undefined): boolean {
  if (path === undefined) return true;
  if (path.endsWith('*')) return url.pathname.startsWith(path.slice(0, -1));
  return url.pathname === path;
}
