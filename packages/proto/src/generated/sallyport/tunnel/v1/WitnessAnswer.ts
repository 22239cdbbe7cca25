// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface WitnessAnswer {
  'number'?: (number | string | Long);
  'status'?: (number);
  'body'?: (string);
  'held'?: (string);
}

export interface WitnessAnswer__Output {
  'number': (number);
  'status': (number);
  'body': (string);
  'held': (string);
}
