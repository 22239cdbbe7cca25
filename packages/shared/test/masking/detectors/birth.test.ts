import { vectors } from './vectors.ts';

vectors('date-of-birth', {
  found: [
    'born 1978-04-13',
    'DOB: 4/13/1978',
    'date of birth 13.04.1978',
    'born April 13, 1978',
    'born on 13 April 1978',
    'birthdate 19780413',
  ],
  left: ['1978-04-13', 'opened 4/13/1978', 'born in 1978'],
});
