// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface Lease {
  'number'?: (number | string | Long);
}

export interface Lease__Output {
  'number': (number);
}
