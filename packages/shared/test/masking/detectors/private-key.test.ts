import { vectors } from './vectors.ts';

vectors('private-key', {
  found: [
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl',
  ],
  left: ['-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----', '-----'],
});
