import { vectors } from './vectors.ts';

vectors('passport', {
  found: ['passport 123456789', 'passport no: 12345678'],
  left: ['123456789', 'passport 123'],
});
