// Original file: sallyport/tunnel/v1/tunnel.proto

import type { MaskingFinding as _sallyport_tunnel_v1_MaskingFinding, MaskingFinding__Output as _sallyport_tunnel_v1_MaskingFinding__Output } from '../../../sallyport/tunnel/v1/MaskingFinding.ts';
import type { Long } from '@grpc/proto-loader';

export interface FromServer {
  'exchange'?: (number);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  'findings'?: (_sallyport_tunnel_v1_MaskingFinding)[];
  'rulesVersion'?: (number | string | Long);
  'withheld'?: (string);
}

export interface FromServer__Output {
  'exchange': (number);
  'payload': (Buffer);
  'last': (boolean);
  'findings': (_sallyport_tunnel_v1_MaskingFinding__Output)[];
  'rulesVersion': (number);
  'withheld': (string);
}
