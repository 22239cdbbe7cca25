import { vectors } from './vectors.ts';

vectors('dotted-token', {
  found: [
    'SG.abcdefghijklmnopqrst12.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ',
    'hvs.CAESIJ1234567890abcdefghij',
  ],
  left: ['SG.short', 'hvs.x'],
});
