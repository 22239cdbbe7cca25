// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface ReceiptsPage {
  'number'?: (number | string | Long);
  'chain'?: (string);
  'size'?: (number | string | Long);
  'head'?: (string);
  'lines'?: (string)[];
  'problem'?: (string);
}

export interface ReceiptsPage__Output {
  'number': (number);
  'chain': (string);
  'size': (number);
  'head': (string);
  'lines': (string)[];
  'problem': (string);
}
