import { vectors } from './vectors.ts';

vectors('driving-licence', {
  found: ["driver's license 12345678", "driver's license number is 2270-66-1551"],
  left: ['12345678', 'software license 12345678'],
});
