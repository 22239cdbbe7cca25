import { find, stringAt } from '@sallyport/shared/jsonrpc';
import type { MaskAbout } from '../masking/index.ts';
import type { AttachedFields } from './stages/attach.ts';
import { named } from './stages/receive.ts';

/** What a call's messages are about, for the rooms that judge content. */
export function aboutOf(
  call: Pick<AttachedFields, 'authenticated' | 'session' | 'message' | 'controls'>,
): MaskAbout {
  const { message, controls, session, authenticated } = call;
  const decided = controls?.decide;
  const onTool = decided !== undefined && decided !== 'follows' && decided.on === 'tool';
  const tool = onTool ? stringAt(message.raw, find(message.params?.members, 'name')) : undefined;
  const { kind, name, groups } = authenticated.principal;
  return {
    server: session.identity.server,
    ...(tool === undefined ? {} : { tool: named(tool) }),
    method: message.method ?? '',
    principal: { kind, name, groups },
    session: session.identity.id,
  };
}
