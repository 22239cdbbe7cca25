// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface ReceiptsRequest {
  'number'?: (number | string | Long);
  'chain'?: (string);
  'after'?: (number | string | Long);
}

export interface ReceiptsRequest__Output {
  'number': (number);
  'chain': (string);
  'after': (number);
}
