// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface MaskingRulesAck {
  'version'?: (number | string | Long);
  'problem'?: (string);
}

export interface MaskingRulesAck__Output {
  'version': (number);
  'problem': (string);
}
