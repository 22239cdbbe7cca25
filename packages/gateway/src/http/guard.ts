import type { IncomingMessage } from 'node:http';

/** Which Host and Origin headers are ours. */
export interface GuardSettings {
  readonly publicUrl: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

export interface Guard {
  /** Undefined where the request may pass; else why not. */
  refuse(request: IncomingMessage): string | undefined;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Against DNS rebinding: a page of another site must not speak to the gateway through a browser's own network
 * position. Host must be a name of ours, and Origin, where a browser sends one, a site of ours (MCP, Streamable
 * HTTP, "Security Warning"). Both are compared whole.
 */
export function createGuard(settings: GuardSettings): Guard {
  const ours = new URL(settings.publicUrl);
  const hosts = new Set([ours.host, ...settings.allowedHosts].map((host) => host.toLowerCase()));
  const origins = new Set([ours.origin, ...settings.allowedOrigins].map((origin) => origin.toLowerCase()));
  if (LOOPBACK.includes(ours.hostname)) {
    for (const name of LOOPBACK) {
      const host = ours.port === '' ? name : `${name}:${ours.port}`;
      hosts.add(host);
      origins.add(`${ours.protocol}//${host}`);
    }
  }
  return {
    refuse(request) {
      const host = request.headers.host?.toLowerCase();
      if (host === undefined || !hosts.has(host)) {
        return "The Host header names another host. Use the gateway's public URL, or add the name to allowedHosts.";
      }
      const origin = request.headers.origin?.toLowerCase();
      if (origin !== undefined && !origins.has(origin)) {
        return 'The Origin header names another site. Add it to allowedOrigins if it is one of yours.';
      }
      return undefined;
    },
  };
}
