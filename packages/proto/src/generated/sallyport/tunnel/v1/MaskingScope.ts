// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface MaskingScope {
  'server'?: (string);
  'tool'?: (string);
  'groups'?: (string)[];
  'rulesVersion'?: (number | string | Long);
}

export interface MaskingScope__Output {
  'server': (string);
  'tool': (string);
  'groups': (string)[];
  'rulesVersion': (number);
}
