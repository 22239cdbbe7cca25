/** Ways to write a value down, and places in a message to put it. */
import { gzipSync } from 'node:zlib';
import type { Planted } from './generator.ts';

const grouped = (value: string, sep: string): string => (value.match(/.{1,4}/g) ?? []).join(sep);

/** Plain and formatted ways to write a value. */
export function formats(planted: Planted): string[] {
  const { entity, value } = planted;
  const bare = value.replace(/-/g, '');
  if (entity === 'PAN')
    return value.length >= 15 ? [value, grouped(value, ' '), grouped(value, '-')] : [value];
  if (entity === 'SSN' || entity === 'ITIN') return [value, value.replace(/-/g, ' '), bare];
  if (entity === 'IBAN') return [value, grouped(value, ' '), value.toLowerCase()];
  if (entity === 'PHONE' && !value.startsWith('+')) {
    const [a = '', b = '', c = ''] = value.split('-');
    return [value, `(${a}) ${b}-${c}`, `${a}.${b}.${c}`, `+1 ${a} ${b} ${c}`, `1-${value}`, bare];
  }
  if (entity === 'DATE_OF_BIRTH') {
    const [y = '', m = '', d = ''] = value.split('-');
    return [value, `${m}/${d}/${y}`, `${Number(d)}.${Number(m)}.${y}`];
  }
  return [value];
}

const FULL_WIDTH = 0xff10 - 0x30;
const each = (text: string, change: (digit: string) => string): string => text.replace(/\d/g, change);

/** Ways to write a value so that a naive search misses it and a reader (or a program) does not. */
export const EVASIONS: Readonly<Record<string, (text: string) => string>> = {
  fullWidth: (text) => each(text, (digit) => String.fromCharCode(digit.charCodeAt(0) + FULL_WIDTH)),
  arabic: (text) => each(text, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x30 + 0x660)),
  devanagari: (text) => each(text, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x30 + 0x966)),
  mathematical: (text) => each(text, (digit) => String.fromCodePoint(digit.charCodeAt(0) - 0x30 + 0x1d7ce)),
  zeroWidth: (text) => [...text].join('\u200b'),
  softHyphen: (text) => text.replace(/(.{3})/g, '$1\u00ad'),
  noBreakSpace: (text) => text.replace(/[ -]/g, '\u00a0'),
  narrowSpace: (text) => text.replace(/[ -]/g, '\u202f'),
  enDash: (text) => text.replace(/-/g, '\u2013'),
  joiner: (text) => text.replace(/(.{4})/g, '$1\u2060'),
  base64: (text) => Buffer.from(`value ${text}`).toString('base64'),
  base64Bare: (text) => Buffer.from(text).toString('base64url'),
  base64Twice: (text) => Buffer.from(Buffer.from(`it is ${text}`).toString('base64')).toString('base64'),
  hexadecimal: (text) => Buffer.from(`value: ${text}`).toString('hex'),
  gzip: (text) => gzipSync(`the value ${text} is in here`).toString('base64'),
  percent: (text) => text.replace(/[-@ +.]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  references: (text) => each(text, (digit) => `&#${digit.charCodeAt(0)};`),
};

/** Places in a message. Each takes a label and a written value and gives the message's text. */
export const CARRIERS: Readonly<Record<string, (label: string, text: string, key: string) => string>> = {
  prose: (label, text) =>
    result({ content: [{ type: 'text', text: `We noted the ${label} ${text} on file, thank you.` }] }),
  alone: (label, text) => result({ content: [{ type: 'text', text: `${label} ${text}`.trim() }] }),
  lines: (label, text) =>
    result({ content: [{ type: 'text', text: `Report\n\n"quoted" ${label}: ${text}\nEnd\t.` }] }),
  csv: (_label, text, key) =>
    result({ content: [{ type: 'text', text: `id,${key},note\n1,${text},ok\n2,,none\n` }] }),
  markdown: (_label, text, key) =>
    result({ content: [{ type: 'text', text: `| id | ${key} |\n|---|---|\n| 1 | ${text} |\n` }] }),
  jsonText: (_label, text, key) =>
    result({ content: [{ type: 'text', text: JSON.stringify({ rows: [{ [key]: text }] }, null, 2) }] }),
  jsonTwice: (_label, text, key) =>
    result({ content: [{ type: 'text', text: JSON.stringify({ inner: JSON.stringify({ [key]: text }) }) }] }),
  structured: (_label, text, key) =>
    result({ content: [], structuredContent: { record: { [key]: text, other: 'x' } } }),
  list: (_label, text, key) => result({ content: [], structuredContent: { [key]: [text, text] } }),
  resultSet: (_label, text, key) =>
    result({ content: [], structuredContent: { columns: ['id', key], rows: [[1, text]] } }),
  objectKey: (label, text) => result({ content: [], structuredContent: { [`${label} ${text}`]: 1 } }),
  resource: (label, text) =>
    result({ contents: [{ uri: 'file:///a.txt', mimeType: 'text/plain', text: `${label}: ${text}` }] }),
  embedded: (label, text) =>
    result({ content: [{ type: 'resource', resource: { uri: 'x:/1', text: `${label}: ${text}` } }] }),
  blob: (label, text) =>
    result({ contents: [{ uri: 'file:///a', blob: Buffer.from(`${label}: ${text}\n`).toString('base64') }] }),
  xmlBlob: (label, text) =>
    result({
      contents: [
        {
          uri: 'file:///a',
          mimeType: 'text/xml',
          blob: Buffer.from(
            `<r><${label.replace(/\W/g, '')}>${text}</${label.replace(/\W/g, '')}></r>`,
          ).toString('base64'),
        },
      ],
    }),
  dataUri: (label, text) =>
    result({
      content: [
        {
          type: 'text',
          text: `see data:text/plain;base64,${Buffer.from(`${label}: ${text}`).toString('base64')} end`,
        },
      ],
    }),
  link: (label, text) =>
    result({
      content: [{ type: 'resource_link', uri: 'x:/1', name: 'n', description: `${label}: ${text}` }],
    }),
  errorMessage: (label, text) => error({ code: -32000, message: `No such ${label}: ${text}` }),
  errorData: (_label, text, key) => error({ code: -32000, message: 'no', data: { [key]: text } }),
  progress: (label, text) =>
    notification('notifications/progress', { progressToken: 'p', progress: 1, message: `${label}: ${text}` }),
  log: (label, text) => notification('notifications/message', { level: 'info', data: `${label}: ${text}` }),
  logData: (_label, text, key) =>
    notification('notifications/message', { level: 'info', data: { [key]: text } }),
  inputRequest: (label, text) =>
    result({
      resultType: 'input_required',
      inputRequests: {
        a: { method: 'elicitation/create', params: { message: `Is the ${label} ${text} right?` } },
      },
    }),
  elicitation: (label, text) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 3,
      method: 'elicitation/create',
      params: { message: `${label}: ${text}`, requestedSchema: { type: 'object', properties: {} } },
    }),
  prompt: (label, text) =>
    result({
      description: 'd',
      messages: [{ role: 'user', content: { type: 'text', text: `${label}: ${text}` } }],
    }),
  completion: (label, text) => result({ completion: { values: [`${label} ${text}`], hasMore: false } }),
  toolDescription: (label, text) =>
    result({ tools: [{ name: 't', description: `Use ${label} ${text}`, inputSchema: { type: 'object' } }] }),
  toolDefault: (_label, text, key) =>
    result({
      tools: [
        {
          name: 't',
          inputSchema: { type: 'object', properties: { [key]: { type: 'string', default: text } } },
        },
      ],
    }),
  meta: (_label, text, key) => result({ content: [], _meta: { [key]: text } }),
  arguments: (_label, text, key) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 3,
      method: 'tools/call',
      params: { name: 't', arguments: { [key]: text } },
    }),
};

function result(body: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, result: body });
}

function error(body: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, error: body });
}

function notification(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
