// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface MaskingRules {
  'version'?: (number | string | Long);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  'signature'?: (Buffer | Uint8Array | string);
  'publicKey'?: (Buffer | Uint8Array | string);
}

export interface MaskingRules__Output {
  'version': (number);
  'payload': (Buffer);
  'last': (boolean);
  'signature': (Buffer);
  'publicKey': (Buffer);
}
