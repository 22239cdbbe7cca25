import { vectors } from './vectors.ts';

vectors('crypto-address', {
  found: [
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    '0x52908400098527886E0F7030069857D2E4169EE7',
    'rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh',
  ],
  left: [
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
    '0x52908400098527886E0F7030069857D2E4169EE',
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  ],
});
