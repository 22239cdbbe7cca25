import { vectors } from './vectors.ts';

vectors('itin', {
  found: ['912-70-1234', 'ITIN 912701234', '999-88-1234'],
  left: ['912-69-1234', '912-89-1234', '912701234'],
});
