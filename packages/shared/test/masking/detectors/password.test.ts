import { vectors } from './vectors.ts';

vectors('password', {
  found: [
    'password = "hunter2"',
    'DB_PASSWORD=supersecret',
    'api_key: abc123def456',
    'postgres://u:s3cret@h/db',
    'Authorization: Bearer abc123def456',
    'AccountKey=abc123==;',
    '<password>hunter2</password>',
    '?client_secret=abcdefgh&x=1',
    '"password":"correct horse"',
  ],
  left: [
    'password = readPassword()',
    'password: string',
    'if (password === other)',
    '"password": "********"',
    'password=<your password>',
    'secret: ${{ secrets.X }}',
    'password is required',
    'pass: 3, fail: 2',
    'https://example.com/a@b',
  ],
});
