import type { Grants } from '../../src/grant/index.ts';
import { type AccessParts, joinAccess } from '../../src/join-access.ts';
import { approvalsForGrants, joinApproval } from '../../src/join-approval.ts';
import { joinNotify } from '../../src/join-notify.ts';
import type { Sealer } from '../../src/store/index.ts';

/** Grants, limits, approvals and notifications, joined as wire.ts joins them. */
export async function joinedAccess(
  parts: Omit<AccessParts, 'askApproval' | 'withdrawApproval'> & { sealer: Sealer; folder: string },
) {
  const { store, logger, audit, registry, policy, sealer, folder } = parts;
  const late: { grants?: Grants } = {};
  const approvals = await joinApproval(
    { foundation: { store, sealer }, logger, audit, registry, grants: () => late.grants },
    [],
  );
  const settings = { dataDir: folder };
  const notify = joinNotify({ store, logger, registry, settings, approvals: () => approvals }, []);
  const access = await joinAccess({ ...parts, ...approvalsForGrants(approvals, policy) }, []);
  late.grants = access.grants;
  const close = async (): Promise<void> => {
    await approvals.close();
    await notify.close();
    await access.grants.close();
    await access.limits.close();
  };
  return { rooms: { ...access, approvals, notify }, close };
}
