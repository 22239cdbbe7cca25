export { modernRequest, type RawAnswer, RawClient } from './raw-client.ts';
export { type Sallyport, type Setup, startSallyport } from './sallyport.ts';

import { fileURLToPath } from 'node:url';

/** The echo server's entry in agent.yaml. */
export function echoServer(env: Readonly<Record<string, string>> = {}): object {
  const program = fileURLToPath(new URL('./servers/echo.ts', import.meta.url));
  return { transport: 'stdio', command: [process.execPath, program], env };
}

/** A server whose tools stand in a file; see servers/shifting.ts. */
export function shiftingServer(env: Readonly<Record<string, string>>): object {
  const program = fileURLToPath(new URL('./servers/shifting.ts', import.meta.url));
  return { transport: 'stdio', command: [process.execPath, program], env };
}
