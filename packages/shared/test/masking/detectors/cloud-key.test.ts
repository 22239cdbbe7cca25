import { vectors } from './vectors.ts';

vectors('cloud-key', {
  found: ['AKIAIOSFODNN7EXAMPLE', 'AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY'],
  left: ['AKIAIOSFODNN7', 'XAKIAIOSFODNN7EXAMPLE', 'AIzaShort'],
});
