// Asks the gateway whether it is alive, over its own TLS: the certificate may be self-signed, the answer says only "ok".
import { get } from 'node:https';

get(process.argv[2] ?? '', { rejectUnauthorized: false, timeout: 2_500 }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
}).on('error', () => process.exit(1));
