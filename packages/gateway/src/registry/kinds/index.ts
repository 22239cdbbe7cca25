import type { DocumentKind } from '../types.ts';
import { approvalFlowKind } from './approval-flow.ts';
import { groupKind } from './group.ts';
import { limitKind } from './limit.ts';
import { maskingRuleKind } from './masking.ts';
import { notificationKind } from './notification.ts';
import { policyKind } from './policy.ts';
import { retentionKind } from './retention.ts';
import type { Kind } from './schema.ts';
import { serverKind } from './server.ts';
import { serviceAccountKind } from './service-account.ts';

/** Every kind of document there is. */
export const KINDS: Readonly<Record<DocumentKind, Kind>> = {
  Server: serverKind,
  Policy: policyKind,
  Group: groupKind,
  ServiceAccount: serviceAccountKind,
  Limit: limitKind,
  MaskingRule: maskingRuleKind,
  ApprovalFlow: approvalFlowKind,
  Notification: notificationKind,
  Retention: retentionKind,
};

export const KIND_NAMES = Object.keys(KINDS);

export function isKind(text: string): text is DocumentKind {
  return Object.hasOwn(KINDS, text);
}
