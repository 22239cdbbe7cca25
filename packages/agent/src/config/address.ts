import type { GatewayAddress } from './types.ts';

const BRACKETED = /^\[([0-9A-Fa-f:.]+)\]:(\d{1,5})$/;
const PLAIN = /^([A-Za-z0-9._-]+):(\d{1,5})$/;

/** Reads "host:port" or "[address]:port"; undefined where it is neither. */
export function parseAddress(text: string): GatewayAddress | undefined {
  const match = BRACKETED.exec(text) ?? PLAIN.exec(text);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined;
  return { host, port };
}

/** The text form that gRPC and people read. */
export function formatAddress(address: GatewayAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
