import type { ForwardSetting } from './audit-settings.ts';

const KEYS = ['host', 'port', 'format', 'caFile', 'certFile', 'keyFile'];
/** Of syslog over TLS (RFC 5425, 4.1). */
const PORT = 6514;

/** Reads the list `forwardTo` of the settings' file. @throws Error that names the receiver and what would be right */
export function readForwardTo(value: unknown): ForwardSetting[] {
  if (!Array.isArray(value)) throw new Error('must be a list, each with host, port and format');
  return value.map((item, index) => readReceiver(item, `number ${index + 1}`));
}

function readReceiver(value: unknown, which: string): ForwardSetting {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${which} must be a map`);
  // Cast: an object that is no list has text keys.
  const given = value as Record<string, unknown>;
  const stranger = Object.keys(given).find((key) => !KEYS.includes(key));
  if (stranger !== undefined) throw new Error(`${which} has no "${stranger}"; it has ${KEYS.join(', ')}`);
  const { host, port = PORT, format = 'cef' } = given;
  if (typeof host !== 'string' || !/^[A-Za-z0-9.:-]{1,253}$/.test(host))
    throw new Error(`${which}: host must be a name`);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${which}: port must be 1 to 65535`);
  if (format !== 'cef' && format !== 'ocsf') throw new Error(`${which}: format must be cef or ocsf`);
  const [caFile, certFile, keyFile] = (['caFile', 'certFile', 'keyFile'] as const).map((key) =>
    file(given[key], `${which}: ${key}`),
  );
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Error(`${which}: certFile and keyFile belong together`);
  return {
    host,
    port,
    format,
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
}

function file(value: unknown, which: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw new Error(`${which} must be a file`);
  return value;
}
