import { vectors } from './vectors.ts';

vectors('aba', {
  found: ['routing number 021000021', 'ABA: 011401533', 'routing no. 0210-0002-1'],
  left: ['021000021', 'routing number 021000022', 'routing number 999999999'],
});
