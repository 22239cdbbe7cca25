// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Hello as _sallyport_tunnel_v1_Hello, Hello__Output as _sallyport_tunnel_v1_Hello__Output } from '../../../sallyport/tunnel/v1/Hello.ts';
import type { Inventory as _sallyport_tunnel_v1_Inventory, Inventory__Output as _sallyport_tunnel_v1_Inventory__Output } from '../../../sallyport/tunnel/v1/Inventory.ts';
import type { LeaseAck as _sallyport_tunnel_v1_LeaseAck, LeaseAck__Output as _sallyport_tunnel_v1_LeaseAck__Output } from '../../../sallyport/tunnel/v1/LeaseAck.ts';
import type { ChannelRefused as _sallyport_tunnel_v1_ChannelRefused, ChannelRefused__Output as _sallyport_tunnel_v1_ChannelRefused__Output } from '../../../sallyport/tunnel/v1/ChannelRefused.ts';
import type { SessionEnded as _sallyport_tunnel_v1_SessionEnded, SessionEnded__Output as _sallyport_tunnel_v1_SessionEnded__Output } from '../../../sallyport/tunnel/v1/SessionEnded.ts';
import type { Draining as _sallyport_tunnel_v1_Draining, Draining__Output as _sallyport_tunnel_v1_Draining__Output } from '../../../sallyport/tunnel/v1/Draining.ts';
import type { WitnessAnswer as _sallyport_tunnel_v1_WitnessAnswer, WitnessAnswer__Output as _sallyport_tunnel_v1_WitnessAnswer__Output } from '../../../sallyport/tunnel/v1/WitnessAnswer.ts';
import type { ReceiptsPage as _sallyport_tunnel_v1_ReceiptsPage, ReceiptsPage__Output as _sallyport_tunnel_v1_ReceiptsPage__Output } from '../../../sallyport/tunnel/v1/ReceiptsPage.ts';
import type { MaskingRulesAck as _sallyport_tunnel_v1_MaskingRulesAck, MaskingRulesAck__Output as _sallyport_tunnel_v1_MaskingRulesAck__Output } from '../../../sallyport/tunnel/v1/MaskingRulesAck.ts';
import type { ToolDefinitions as _sallyport_tunnel_v1_ToolDefinitions, ToolDefinitions__Output as _sallyport_tunnel_v1_ToolDefinitions__Output } from '../../../sallyport/tunnel/v1/ToolDefinitions.ts';

export interface AgentControl {
  'hello'?: (_sallyport_tunnel_v1_Hello | null);
  'inventory'?: (_sallyport_tunnel_v1_Inventory | null);
  'leaseAck'?: (_sallyport_tunnel_v1_LeaseAck | null);
  'channelRefused'?: (_sallyport_tunnel_v1_ChannelRefused | null);
  'sessionEnded'?: (_sallyport_tunnel_v1_SessionEnded | null);
  'draining'?: (_sallyport_tunnel_v1_Draining | null);
  'witnessAnswer'?: (_sallyport_tunnel_v1_WitnessAnswer | null);
  'receiptsPage'?: (_sallyport_tunnel_v1_ReceiptsPage | null);
  'maskingRulesAck'?: (_sallyport_tunnel_v1_MaskingRulesAck | null);
  'toolDefinitions'?: (_sallyport_tunnel_v1_ToolDefinitions | null);
  'kind'?: "hello"|"inventory"|"leaseAck"|"channelRefused"|"sessionEnded"|"draining"|"witnessAnswer"|"receiptsPage"|"maskingRulesAck"|"toolDefinitions";
}

export interface AgentControl__Output {
  'hello'?: (_sallyport_tunnel_v1_Hello__Output | null);
  'inventory'?: (_sallyport_tunnel_v1_Inventory__Output | null);
  'leaseAck'?: (_sallyport_tunnel_v1_LeaseAck__Output | null);
  'channelRefused'?: (_sallyport_tunnel_v1_ChannelRefused__Output | null);
  'sessionEnded'?: (_sallyport_tunnel_v1_SessionEnded__Output | null);
  'draining'?: (_sallyport_tunnel_v1_Draining__Output | null);
  'witnessAnswer'?: (_sallyport_tunnel_v1_WitnessAnswer__Output | null);
  'receiptsPage'?: (_sallyport_tunnel_v1_ReceiptsPage__Output | null);
  'maskingRulesAck'?: (_sallyport_tunnel_v1_MaskingRulesAck__Output | null);
  'toolDefinitions'?: (_sallyport_tunnel_v1_ToolDefinitions__Output | null);
  'kind'?: "hello"|"inventory"|"leaseAck"|"channelRefused"|"sessionEnded"|"draining"|"witnessAnswer"|"receiptsPage"|"maskingRulesAck"|"toolDefinitions";
}
