// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface ListTools {
  'number'?: (number | string | Long);
  'server'?: (string);
  'document'?: (string);
  'rulesVersion'?: (number | string | Long);
}

export interface ListTools__Output {
  'number': (number);
  'server': (string);
  'document': (string);
  'rulesVersion': (number);
}
