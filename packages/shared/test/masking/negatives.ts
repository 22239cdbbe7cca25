/** Things that look like values and are none: ids, hashes, times, orders, measures, code. */
import { createHash } from 'node:crypto';
import type { Dice } from './generator.ts';

const hex = (dice: Dice, size: number): string => dice.letters(size, '0123456789abcdef');
const two = (n: number): string => String(n).padStart(2, '0');
const date = (dice: Dice): string =>
  `${2000 + dice.below(30)}-${two(1 + dice.below(12))}-${two(1 + dice.below(28))}`;
const time = (dice: Dice): string => `${two(dice.below(24))}:${two(dice.below(60))}:${two(dice.below(60))}`;

const CODE: readonly string[] = [
  'const password = await readPassword();',
  'if (password === confirmPassword) { return true; }',
  'function login(user: string, password: string): Promise<Token>',
  'password: string;',
  'SELECT password_hash FROM users WHERE id = $1',
  'std::vector<int> v; a::b::c();',
  'use std::collections::HashMap;',
  'icon@2x.png and icon@3x.png',
  '@types/node@24.10.1',
  'npm install @scope/package@1.2.3',
  'git clone git@github.com:owner/repo.git',
  'for (let i = 0; i < 1000000; i += 1) sum += array[i];',
  'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin',
  'process.env.API_KEY ?? ""',
  'api_key = os.environ["API_KEY"]',
  'secret: ${{ secrets.DEPLOY_KEY }}',
  'password=<your password>',
  '"password": "********"',
  'x = 0x7fffffffffffffff',
  'color: #ff8800; margin: 10px 20px 30px 40px;',
  'chmod 755 file; exit 127',
  'HTTP/1.1 200 OK Content-Length: 123456789',
  'Chrome/120.0.6099.109 Safari/537.36',
  'version 1.2.3.4 was released',
  'v10.20.30.40',
  'listening on 127.0.0.1:8080 and 0.0.0.0:443',
  'MAC 00:1a:2b:3c:4d:5e',
  'at Object.<anonymous> (/app/src/index.ts:123:45)',
  'token_count: 4096, max_tokens: 8192',
  'The token bucket refills 1000000 tokens per hour',
  'ISO 9001:2015, RFC 8259, section 1.2.3.4',
  'lat 40.712776, lon -74.005974',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
];

/** Makers of hard negatives. */
export const NEGATIVES: Readonly<Record<string, (dice: Dice) => string>> = {
  uuid: (dice) => `${hex(dice, 8)}-${hex(dice, 4)}-4${hex(dice, 3)}-a${hex(dice, 3)}-${hex(dice, 12)}`,
  md5: (dice) => hex(dice, 32),
  sha1: (dice) => hex(dice, 40),
  sha256: (dice) => createHash('sha256').update(dice.digits(9)).digest('hex'),
  sri: (dice) => `sha512-${createHash('sha512').update(dice.digits(9)).digest('base64')}`,
  isoTime: (dice) => `${date(dice)}T${time(dice)}.${dice.digits(3)}Z`,
  sqlTime: (dice) => `${date(dice)} ${time(dice)}`,
  compactTime: (dice) =>
    `20${two(dice.below(30))}${two(1 + dice.below(12))}${two(1 + dice.below(28))}${two(dice.below(24))}${two(dice.below(60))}${two(dice.below(60))}`,
  epochSeconds: (dice) => `1${6 + dice.below(2)}${dice.digits(8)}`,
  epochMillis: (dice) => `1${6 + dice.below(2)}${dice.digits(11)}`,
  epochNanos: (dice) => `1${6 + dice.below(2)}${dice.digits(17)}`,
  order: (dice) => `order ORD-${2020 + dice.below(6)}-${dice.digits(8)}`,
  orderNumber: (dice) => `order number ${1 + dice.below(9)}${dice.digits(8 + dice.below(3))}`,
  invoice: (dice) => `INV-${dice.digits(6)}-${dice.digits(3)}`,
  tracking: (dice) => `1Z${dice.letters(6, 'ABCDEFGHJ0123456789')}${dice.digits(10)}`,
  isbn: (dice) => `ISBN 978-${dice.digits(1)}-${dice.digits(4)}-${dice.digits(4)}-${dice.digits(1)}`,
  float: (dice) => `${dice.below(10)}.${dice.digits(16)}`,
  money: (dice) => `$${1 + dice.below(999)},${dice.digits(3)},${dice.digits(3)}.${dice.digits(2)}`,
  coordinates: (dice) => `${dice.below(90)}.${dice.digits(6)}, -${dice.below(180)}.${dice.digits(6)}`,
  version: (dice) => `v${dice.below(20)}.${dice.below(50)}.${dice.below(100)}`,
  commit: (dice) => `commit ${hex(dice, 40)} by bot`,
  shortHash: (dice) => hex(dice, 7),
  table: (dice) => Array.from({ length: 6 }, () => 1000 + dice.below(8999)).join(' '),
  series: (dice) => Array.from({ length: 12 }, () => dice.below(100)).join(', '),
  objectId: (dice) => hex(dice, 24),
  base64Id: (dice) => Buffer.from(Array.from({ length: 18 }, () => dice.below(256))).toString('base64url'),
  ratio: (dice) => `${dice.below(1000)}/${1000 + dice.below(1000)} (${dice.below(100)}.${dice.digits(2)}%)`,
  part: (dice) => `part ${dice.letters(2, 'ABCDEF')}-${dice.digits(4)}-${dice.digits(2)}`,
  address: (dice) => `${1 + dice.below(9999)} Main Street, Suite ${dice.below(999)}, ZIP ${dice.digits(5)}`,
  code: (dice) => dice.pick(CODE),
};
