import { vectors } from './vectors.ts';

vectors('service-token', {
  found: [
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'glpat-abc123def456ghi789jk',
    'xoxb-123456789012-abcdefABCDEF',
    'sk_live_abcdef1234567890abcd',
    'npm_abcdefghijklmnopqrstuvwxyz0123456789',
  ],
  left: ['ghp_short', 'sk-learn-contrib-something-else-in-words', 'key-value'],
});
