import type { AnchorSetting } from './audit-settings.ts';

/** Days of five years, the retention that examiners ask for (REGULATION.md). */
const RETAIN_DAYS = 1_827;
const RETAIN_DAYS_MAX = 36_525;

/** Reads the list `anchors` of the settings' file. @throws Error that names the anchor and what would be right */
export function readAnchors(value: unknown): AnchorSetting[] {
  if (!Array.isArray(value))
    throw new Error('must be a list, each with a name and a folder, s3 or timestamp');
  const anchors = value.map((item, index) => readAnchor(item, `number ${index + 1}`));
  const names = anchors.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two anchors are named "${twice}"`);
  return anchors;
}

function readAnchor(value: unknown, which: string): AnchorSetting {
  const given = members(value, which);
  const { name } = given;
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,40}$/.test(name))
    throw new Error(`${which} needs a "name" of 1 to 40 characters of a-z, 0-9 and -`);
  const where = ['folder', 's3', 'timestamp'].filter((key) => given[key] !== undefined);
  const stranger = Object.keys(given).find((key) => !['name', 'folder', 's3', 'timestamp'].includes(key));
  if (where.length !== 1 || stranger !== undefined)
    throw new Error(`"${name}" must have a name and exactly one of folder, s3 and timestamp`);
  if (given.folder !== undefined) return { name, folder: text(given.folder, `"${name}": folder`) };
  if (given.timestamp !== undefined) {
    const { url } = known(given.timestamp, `"${name}": timestamp`, ['url']);
    return { name, timestamp: { url: address(url, `"${name}": timestamp.url`) } };
  }
  const keys = ['endpoint', 'bucket', 'region', 'prefix', 'accessKeyFile', 'secretKeyFile', 'retainDays'];
  const s3 = known(given.s3, `"${name}": s3`, keys);
  const bucket = text(s3.bucket, `"${name}": s3.bucket`);
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new Error(`"${name}": s3.bucket is not a bucket's name`);
  const prefix = s3.prefix ?? '';
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9._/-]{0,200}$/.test(prefix))
    throw new Error(`"${name}": s3.prefix must be letters, digits, ".", "_", "-" and "/"`);
  return {
    name,
    s3: {
      endpoint: address(s3.endpoint, `"${name}": s3.endpoint`),
      bucket,
      region: s3.region === undefined ? 'us-east-1' : text(s3.region, `"${name}": s3.region`),
      prefix,
      accessKeyFile: text(s3.accessKeyFile, `"${name}": s3.accessKeyFile`),
      secretKeyFile: text(s3.secretKeyFile, `"${name}": s3.secretKeyFile`),
      retainDays: days(s3.retainDays ?? RETAIN_DAYS, `"${name}": s3.retainDays`),
    },
  };
}

function members(value: unknown, which: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${which} must be a map`);
  // Cast: an object that is no list has text keys.
  return value as Record<string, unknown>;
}

function known(value: unknown, which: string, keys: readonly string[]): Record<string, unknown> {
  const given = members(value, which);
  const stranger = Object.keys(given).find((key) => !keys.includes(key));
  if (stranger !== undefined) throw new Error(`${which} has no "${stranger}"; it has ${keys.join(', ')}`);
  return given;
}

function text(value: unknown, which: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${which} must be a text`);
  return value;
}

function address(value: unknown, which: string): string {
  const url = URL.parse(text(value, which));
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new Error(`${which} must be a URL like https://store.bank.example, without user, ? and #`);
  return url.href;
}

function days(value: unknown, which: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > RETAIN_DAYS_MAX)
    throw new Error(`${which} must be whole days, 1 to ${RETAIN_DAYS_MAX}`);
  return number;
}
