import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/index.ts';

const load = (url: string, more: Record<string, string> = {}) =>
  loadSettings(undefined, { SALLYPORT_QUICKSTART: 'true', SALLYPORT_REDIS_URL: url, ...more }).redisUrl;

test.each([
  'rediss://user:secret@redis.bank.example:6380/2',
  'redis://127.0.0.1:6379',
  'redis://localhost',
  'redis://redis:6379',
  'redis://10.1.2.3:6379/0',
  'redis://192.168.7.1',
  'redis://[::1]:6379',
  'redis://[fd00::7]:6379',
])('%s is taken', (url) => {
  expect(load(url)).toBe(url);
});

test.each(['redis://redis.bank.example', 'redis://8.8.8.8', 'redis://172.32.0.1', 'redis://[2001:db8::1]'])(
  '%s would carry passwords in the clear, and is refused unless that is said to be right',
  (url) => {
    expect(() => load(url)).toThrow(/rediss:\/\/.*SALLYPORT_REDIS_PLAINTEXT/);
    expect(load(url, { SALLYPORT_REDIS_PLAINTEXT: 'true' })).toBe(url);
  },
);

test.each([
  'http://redis',
  'redis',
  'redis://:hunter2@/0',
  'redis://u:hunter2@h/x',
  'redis://u:hunter2@h?family=6',
])('%s is no such URL, and what is said of it does not repeat it', (url) => {
  expect(() => load(url)).toThrow(/^SALLYPORT_REDIS_URL: must be a URL(?!.*hunter2)/);
});
