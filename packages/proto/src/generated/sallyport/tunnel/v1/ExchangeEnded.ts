// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Delivery as _sallyport_tunnel_v1_Delivery, Delivery__Output as _sallyport_tunnel_v1_Delivery__Output } from '../../../sallyport/tunnel/v1/Delivery.ts';
import type { MaskingFinding as _sallyport_tunnel_v1_MaskingFinding, MaskingFinding__Output as _sallyport_tunnel_v1_MaskingFinding__Output } from '../../../sallyport/tunnel/v1/MaskingFinding.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExchangeEnded {
  'exchange'?: (number);
  'delivery'?: (_sallyport_tunnel_v1_Delivery);
  'error'?: (string);
  'detail'?: (string);
  'httpStatus'?: (number);
  'errorBody'?: (Buffer | Uint8Array | string);
  'findings'?: (_sallyport_tunnel_v1_MaskingFinding)[];
  'rulesVersion'?: (number | string | Long);
  'withheld'?: (string);
}

export interface ExchangeEnded__Output {
  'exchange': (number);
  'delivery': (_sallyport_tunnel_v1_Delivery__Output);
  'error': (string);
  'detail': (string);
  'httpStatus': (number);
  'errorBody': (Buffer);
  'findings': (_sallyport_tunnel_v1_MaskingFinding__Output)[];
  'rulesVersion': (number);
  'withheld': (string);
}
