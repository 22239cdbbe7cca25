// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface LeaseAck {
  'number'?: (number | string | Long);
}

export interface LeaseAck__Output {
  'number': (number);
}
