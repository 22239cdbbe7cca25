// Original file: sallyport/tunnel/v1/tunnel.proto

import type { ChannelHello as _sallyport_tunnel_v1_ChannelHello, ChannelHello__Output as _sallyport_tunnel_v1_ChannelHello__Output } from '../../../sallyport/tunnel/v1/ChannelHello.ts';
import type { FromServer as _sallyport_tunnel_v1_FromServer, FromServer__Output as _sallyport_tunnel_v1_FromServer__Output } from '../../../sallyport/tunnel/v1/FromServer.ts';
import type { ExchangeEnded as _sallyport_tunnel_v1_ExchangeEnded, ExchangeEnded__Output as _sallyport_tunnel_v1_ExchangeEnded__Output } from '../../../sallyport/tunnel/v1/ExchangeEnded.ts';
import type { SessionEnded as _sallyport_tunnel_v1_SessionEnded, SessionEnded__Output as _sallyport_tunnel_v1_SessionEnded__Output } from '../../../sallyport/tunnel/v1/SessionEnded.ts';

export interface AgentFrame {
  'hello'?: (_sallyport_tunnel_v1_ChannelHello | null);
  'fromServer'?: (_sallyport_tunnel_v1_FromServer | null);
  'exchangeEnded'?: (_sallyport_tunnel_v1_ExchangeEnded | null);
  'sessionEnded'?: (_sallyport_tunnel_v1_SessionEnded | null);
  'kind'?: "hello"|"fromServer"|"exchangeEnded"|"sessionEnded";
}

export interface AgentFrame__Output {
  'hello'?: (_sallyport_tunnel_v1_ChannelHello__Output | null);
  'fromServer'?: (_sallyport_tunnel_v1_FromServer__Output | null);
  'exchangeEnded'?: (_sallyport_tunnel_v1_ExchangeEnded__Output | null);
  'sessionEnded'?: (_sallyport_tunnel_v1_SessionEnded__Output | null);
  'kind'?: "hello"|"fromServer"|"exchangeEnded"|"sessionEnded";
}
