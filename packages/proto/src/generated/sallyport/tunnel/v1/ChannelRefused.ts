// Original file: sallyport/tunnel/v1/tunnel.proto

import type { RefusalCode as _sallyport_tunnel_v1_RefusalCode, RefusalCode__Output as _sallyport_tunnel_v1_RefusalCode__Output } from '../../../sallyport/tunnel/v1/RefusalCode.ts';

export interface ChannelRefused {
  'channelId'?: (string);
  'code'?: (_sallyport_tunnel_v1_RefusalCode);
  'detail'?: (string);
}

export interface ChannelRefused__Output {
  'channelId': (string);
  'code': (_sallyport_tunnel_v1_RefusalCode__Output);
  'detail': (string);
}
