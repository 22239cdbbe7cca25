import { vectors } from './vectors.ts';

vectors('jwt', {
  found: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_1'],
  left: ['eyJhbGciOiJIUzI1NiJ9', 'eyJhbGciOiJIUzI1NiJ9.payload'],
});
