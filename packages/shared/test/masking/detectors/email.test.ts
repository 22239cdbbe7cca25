import { vectors } from './vectors.ts';

vectors('email', {
  found: [
    'john.doe@example.com',
    'JOHN+tag@sub.example.co.uk',
    '<a_b@x.io>',
    'mailto:j@münchen.de',
    'user=john@example.com',
    '"x" <john@example.com>,',
    "o'brien@example.com",
  ],
  left: [
    'foo@bar',
    '@types/node',
    'icon@2x.png',
    'git@github.com:a/b',
    'package@1.2.3',
    'a@b.c',
    '@example.com',
  ],
});
