import { vectors } from './vectors.ts';

vectors('bic', {
  found: ['SWIFT DEUTDEFF', 'BIC: DEUTDEFF500', 'swift code is NEDSZAJJXXX'],
  left: ['DEUTDEFF', 'the word SWIFT SOMEWORD', 'BIC ABCDZZEF'],
});
