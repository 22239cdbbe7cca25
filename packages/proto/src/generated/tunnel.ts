import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentControl as _sallyport_tunnel_v1_AgentControl, AgentControl__Output as _sallyport_tunnel_v1_AgentControl__Output } from './sallyport/tunnel/v1/AgentControl.ts';
import type { AgentFrame as _sallyport_tunnel_v1_AgentFrame, AgentFrame__Output as _sallyport_tunnel_v1_AgentFrame__Output } from './sallyport/tunnel/v1/AgentFrame.ts';
import type { CancelExchange as _sallyport_tunnel_v1_CancelExchange, CancelExchange__Output as _sallyport_tunnel_v1_CancelExchange__Output } from './sallyport/tunnel/v1/CancelExchange.ts';
import type { ChannelHello as _sallyport_tunnel_v1_ChannelHello, ChannelHello__Output as _sallyport_tunnel_v1_ChannelHello__Output } from './sallyport/tunnel/v1/ChannelHello.ts';
import type { ChannelRefused as _sallyport_tunnel_v1_ChannelRefused, ChannelRefused__Output as _sallyport_tunnel_v1_ChannelRefused__Output } from './sallyport/tunnel/v1/ChannelRefused.ts';
import type { Drain as _sallyport_tunnel_v1_Drain, Drain__Output as _sallyport_tunnel_v1_Drain__Output } from './sallyport/tunnel/v1/Drain.ts';
import type { Draining as _sallyport_tunnel_v1_Draining, Draining__Output as _sallyport_tunnel_v1_Draining__Output } from './sallyport/tunnel/v1/Draining.ts';
import type { EndChannel as _sallyport_tunnel_v1_EndChannel, EndChannel__Output as _sallyport_tunnel_v1_EndChannel__Output } from './sallyport/tunnel/v1/EndChannel.ts';
import type { EndSession as _sallyport_tunnel_v1_EndSession, EndSession__Output as _sallyport_tunnel_v1_EndSession__Output } from './sallyport/tunnel/v1/EndSession.ts';
import type { EnrollRequest as _sallyport_tunnel_v1_EnrollRequest, EnrollRequest__Output as _sallyport_tunnel_v1_EnrollRequest__Output } from './sallyport/tunnel/v1/EnrollRequest.ts';
import type { EnrollResponse as _sallyport_tunnel_v1_EnrollResponse, EnrollResponse__Output as _sallyport_tunnel_v1_EnrollResponse__Output } from './sallyport/tunnel/v1/EnrollResponse.ts';
import type { ExchangeEnded as _sallyport_tunnel_v1_ExchangeEnded, ExchangeEnded__Output as _sallyport_tunnel_v1_ExchangeEnded__Output } from './sallyport/tunnel/v1/ExchangeEnded.ts';
import type { FromServer as _sallyport_tunnel_v1_FromServer, FromServer__Output as _sallyport_tunnel_v1_FromServer__Output } from './sallyport/tunnel/v1/FromServer.ts';
import type { GatewayControl as _sallyport_tunnel_v1_GatewayControl, GatewayControl__Output as _sallyport_tunnel_v1_GatewayControl__Output } from './sallyport/tunnel/v1/GatewayControl.ts';
import type { GatewayFrame as _sallyport_tunnel_v1_GatewayFrame, GatewayFrame__Output as _sallyport_tunnel_v1_GatewayFrame__Output } from './sallyport/tunnel/v1/GatewayFrame.ts';
import type { Hello as _sallyport_tunnel_v1_Hello, Hello__Output as _sallyport_tunnel_v1_Hello__Output } from './sallyport/tunnel/v1/Hello.ts';
import type { Inventory as _sallyport_tunnel_v1_Inventory, Inventory__Output as _sallyport_tunnel_v1_Inventory__Output } from './sallyport/tunnel/v1/Inventory.ts';
import type { Lease as _sallyport_tunnel_v1_Lease, Lease__Output as _sallyport_tunnel_v1_Lease__Output } from './sallyport/tunnel/v1/Lease.ts';
import type { LeaseAck as _sallyport_tunnel_v1_LeaseAck, LeaseAck__Output as _sallyport_tunnel_v1_LeaseAck__Output } from './sallyport/tunnel/v1/LeaseAck.ts';
import type { ListTools as _sallyport_tunnel_v1_ListTools, ListTools__Output as _sallyport_tunnel_v1_ListTools__Output } from './sallyport/tunnel/v1/ListTools.ts';
import type { MaskingFinding as _sallyport_tunnel_v1_MaskingFinding, MaskingFinding__Output as _sallyport_tunnel_v1_MaskingFinding__Output } from './sallyport/tunnel/v1/MaskingFinding.ts';
import type { MaskingRules as _sallyport_tunnel_v1_MaskingRules, MaskingRules__Output as _sallyport_tunnel_v1_MaskingRules__Output } from './sallyport/tunnel/v1/MaskingRules.ts';
import type { MaskingRulesAck as _sallyport_tunnel_v1_MaskingRulesAck, MaskingRulesAck__Output as _sallyport_tunnel_v1_MaskingRulesAck__Output } from './sallyport/tunnel/v1/MaskingRulesAck.ts';
import type { MaskingScope as _sallyport_tunnel_v1_MaskingScope, MaskingScope__Output as _sallyport_tunnel_v1_MaskingScope__Output } from './sallyport/tunnel/v1/MaskingScope.ts';
import type { OpenChannel as _sallyport_tunnel_v1_OpenChannel, OpenChannel__Output as _sallyport_tunnel_v1_OpenChannel__Output } from './sallyport/tunnel/v1/OpenChannel.ts';
import type { OpenListen as _sallyport_tunnel_v1_OpenListen, OpenListen__Output as _sallyport_tunnel_v1_OpenListen__Output } from './sallyport/tunnel/v1/OpenListen.ts';
import type { ProbeServer as _sallyport_tunnel_v1_ProbeServer, ProbeServer__Output as _sallyport_tunnel_v1_ProbeServer__Output } from './sallyport/tunnel/v1/ProbeServer.ts';
import type { ReceiptsPage as _sallyport_tunnel_v1_ReceiptsPage, ReceiptsPage__Output as _sallyport_tunnel_v1_ReceiptsPage__Output } from './sallyport/tunnel/v1/ReceiptsPage.ts';
import type { ReceiptsRequest as _sallyport_tunnel_v1_ReceiptsRequest, ReceiptsRequest__Output as _sallyport_tunnel_v1_ReceiptsRequest__Output } from './sallyport/tunnel/v1/ReceiptsRequest.ts';
import type { Refused as _sallyport_tunnel_v1_Refused, Refused__Output as _sallyport_tunnel_v1_Refused__Output } from './sallyport/tunnel/v1/Refused.ts';
import type { RenewRequest as _sallyport_tunnel_v1_RenewRequest, RenewRequest__Output as _sallyport_tunnel_v1_RenewRequest__Output } from './sallyport/tunnel/v1/RenewRequest.ts';
import type { RenewResponse as _sallyport_tunnel_v1_RenewResponse, RenewResponse__Output as _sallyport_tunnel_v1_RenewResponse__Output } from './sallyport/tunnel/v1/RenewResponse.ts';
import type { ServerStatus as _sallyport_tunnel_v1_ServerStatus, ServerStatus__Output as _sallyport_tunnel_v1_ServerStatus__Output } from './sallyport/tunnel/v1/ServerStatus.ts';
import type { SessionEnded as _sallyport_tunnel_v1_SessionEnded, SessionEnded__Output as _sallyport_tunnel_v1_SessionEnded__Output } from './sallyport/tunnel/v1/SessionEnded.ts';
import type { ToServer as _sallyport_tunnel_v1_ToServer, ToServer__Output as _sallyport_tunnel_v1_ToServer__Output } from './sallyport/tunnel/v1/ToServer.ts';
import type { ToolDefinitions as _sallyport_tunnel_v1_ToolDefinitions, ToolDefinitions__Output as _sallyport_tunnel_v1_ToolDefinitions__Output } from './sallyport/tunnel/v1/ToolDefinitions.ts';
import type { TunnelClient as _sallyport_tunnel_v1_TunnelClient, TunnelDefinition as _sallyport_tunnel_v1_TunnelDefinition } from './sallyport/tunnel/v1/Tunnel.ts';
import type { Welcome as _sallyport_tunnel_v1_Welcome, Welcome__Output as _sallyport_tunnel_v1_Welcome__Output } from './sallyport/tunnel/v1/Welcome.ts';
import type { WitnessAnswer as _sallyport_tunnel_v1_WitnessAnswer, WitnessAnswer__Output as _sallyport_tunnel_v1_WitnessAnswer__Output } from './sallyport/tunnel/v1/WitnessAnswer.ts';
import type { WitnessRequest as _sallyport_tunnel_v1_WitnessRequest, WitnessRequest__Output as _sallyport_tunnel_v1_WitnessRequest__Output } from './sallyport/tunnel/v1/WitnessRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sallyport: {
    tunnel: {
      v1: {
        AgentControl: MessageTypeDefinition<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_AgentControl__Output>
        AgentFrame: MessageTypeDefinition<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_AgentFrame__Output>
        CancelExchange: MessageTypeDefinition<_sallyport_tunnel_v1_CancelExchange, _sallyport_tunnel_v1_CancelExchange__Output>
        ChannelHello: MessageTypeDefinition<_sallyport_tunnel_v1_ChannelHello, _sallyport_tunnel_v1_ChannelHello__Output>
        ChannelRefused: MessageTypeDefinition<_sallyport_tunnel_v1_ChannelRefused, _sallyport_tunnel_v1_ChannelRefused__Output>
        Delivery: EnumTypeDefinition
        Drain: MessageTypeDefinition<_sallyport_tunnel_v1_Drain, _sallyport_tunnel_v1_Drain__Output>
        Draining: MessageTypeDefinition<_sallyport_tunnel_v1_Draining, _sallyport_tunnel_v1_Draining__Output>
        EndChannel: MessageTypeDefinition<_sallyport_tunnel_v1_EndChannel, _sallyport_tunnel_v1_EndChannel__Output>
        EndSession: MessageTypeDefinition<_sallyport_tunnel_v1_EndSession, _sallyport_tunnel_v1_EndSession__Output>
        EnrollRequest: MessageTypeDefinition<_sallyport_tunnel_v1_EnrollRequest, _sallyport_tunnel_v1_EnrollRequest__Output>
        EnrollResponse: MessageTypeDefinition<_sallyport_tunnel_v1_EnrollResponse, _sallyport_tunnel_v1_EnrollResponse__Output>
        ExchangeEnded: MessageTypeDefinition<_sallyport_tunnel_v1_ExchangeEnded, _sallyport_tunnel_v1_ExchangeEnded__Output>
        FromServer: MessageTypeDefinition<_sallyport_tunnel_v1_FromServer, _sallyport_tunnel_v1_FromServer__Output>
        GatewayControl: MessageTypeDefinition<_sallyport_tunnel_v1_GatewayControl, _sallyport_tunnel_v1_GatewayControl__Output>
        GatewayFrame: MessageTypeDefinition<_sallyport_tunnel_v1_GatewayFrame, _sallyport_tunnel_v1_GatewayFrame__Output>
        Hello: MessageTypeDefinition<_sallyport_tunnel_v1_Hello, _sallyport_tunnel_v1_Hello__Output>
        Inventory: MessageTypeDefinition<_sallyport_tunnel_v1_Inventory, _sallyport_tunnel_v1_Inventory__Output>
        Lease: MessageTypeDefinition<_sallyport_tunnel_v1_Lease, _sallyport_tunnel_v1_Lease__Output>
        LeaseAck: MessageTypeDefinition<_sallyport_tunnel_v1_LeaseAck, _sallyport_tunnel_v1_LeaseAck__Output>
        ListTools: MessageTypeDefinition<_sallyport_tunnel_v1_ListTools, _sallyport_tunnel_v1_ListTools__Output>
        MaskingFinding: MessageTypeDefinition<_sallyport_tunnel_v1_MaskingFinding, _sallyport_tunnel_v1_MaskingFinding__Output>
        MaskingRules: MessageTypeDefinition<_sallyport_tunnel_v1_MaskingRules, _sallyport_tunnel_v1_MaskingRules__Output>
        MaskingRulesAck: MessageTypeDefinition<_sallyport_tunnel_v1_MaskingRulesAck, _sallyport_tunnel_v1_MaskingRulesAck__Output>
        MaskingScope: MessageTypeDefinition<_sallyport_tunnel_v1_MaskingScope, _sallyport_tunnel_v1_MaskingScope__Output>
        OpenChannel: MessageTypeDefinition<_sallyport_tunnel_v1_OpenChannel, _sallyport_tunnel_v1_OpenChannel__Output>
        OpenListen: MessageTypeDefinition<_sallyport_tunnel_v1_OpenListen, _sallyport_tunnel_v1_OpenListen__Output>
        ProbeServer: MessageTypeDefinition<_sallyport_tunnel_v1_ProbeServer, _sallyport_tunnel_v1_ProbeServer__Output>
        ReceiptsPage: MessageTypeDefinition<_sallyport_tunnel_v1_ReceiptsPage, _sallyport_tunnel_v1_ReceiptsPage__Output>
        ReceiptsRequest: MessageTypeDefinition<_sallyport_tunnel_v1_ReceiptsRequest, _sallyport_tunnel_v1_ReceiptsRequest__Output>
        RefusalCode: EnumTypeDefinition
        Refused: MessageTypeDefinition<_sallyport_tunnel_v1_Refused, _sallyport_tunnel_v1_Refused__Output>
        RenewRequest: MessageTypeDefinition<_sallyport_tunnel_v1_RenewRequest, _sallyport_tunnel_v1_RenewRequest__Output>
        RenewResponse: MessageTypeDefinition<_sallyport_tunnel_v1_RenewResponse, _sallyport_tunnel_v1_RenewResponse__Output>
        ServerStatus: MessageTypeDefinition<_sallyport_tunnel_v1_ServerStatus, _sallyport_tunnel_v1_ServerStatus__Output>
        SessionEnded: MessageTypeDefinition<_sallyport_tunnel_v1_SessionEnded, _sallyport_tunnel_v1_SessionEnded__Output>
        ToServer: MessageTypeDefinition<_sallyport_tunnel_v1_ToServer, _sallyport_tunnel_v1_ToServer__Output>
        ToolDefinitions: MessageTypeDefinition<_sallyport_tunnel_v1_ToolDefinitions, _sallyport_tunnel_v1_ToolDefinitions__Output>
        Tunnel: SubtypeConstructor<typeof grpc.Client, _sallyport_tunnel_v1_TunnelClient> & { service: _sallyport_tunnel_v1_TunnelDefinition }
        Welcome: MessageTypeDefinition<_sallyport_tunnel_v1_Welcome, _sallyport_tunnel_v1_Welcome__Output>
        WitnessAnswer: MessageTypeDefinition<_sallyport_tunnel_v1_WitnessAnswer, _sallyport_tunnel_v1_WitnessAnswer__Output>
        WitnessRequest: MessageTypeDefinition<_sallyport_tunnel_v1_WitnessRequest, _sallyport_tunnel_v1_WitnessRequest__Output>
      }
    }
  }
}

