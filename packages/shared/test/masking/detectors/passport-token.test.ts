import { vectors } from './vectors.ts';

vectors('passport-token', {
  found: ['passport number C01X00T47', 'Passport: AB1234567'],
  left: ['C01X00T47', 'passport photo A4'],
});
