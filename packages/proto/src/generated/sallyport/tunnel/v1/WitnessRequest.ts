// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface WitnessRequest {
  'number'?: (number | string | Long);
  'request'?: (string);
  'logKeys'?: (string)[];
}

export interface WitnessRequest__Output {
  'number': (number);
  'request': (string);
  'logKeys': (string)[];
}
