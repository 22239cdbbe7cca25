import type { Command } from 'commander';
import { findGateway } from '../config/client.ts';
import { type ApiClient, openApiClient } from './api-client.ts';

/** The client for a command, by its global options and the environment. */
export function connect(command: Command): ApiClient {
  const { insecureHttp } = command.optsWithGlobals<{ insecureHttp?: boolean }>();
  return openApiClient(findGateway(), { insecureHttp: insecureHttp === true });
}

/** An example under a command's help. */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ sallyport-gateway ${line}`).join('\n')}`;
}

export const JSON_OPTION = ['--json', 'print JSON for scripts'] as const;

export interface JsonOption {
  readonly json?: boolean;
}
