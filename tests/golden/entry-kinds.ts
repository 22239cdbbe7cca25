/**
 * What docs/ENTRIES.md says of each kind of entry: when it is written, its own fields beside the common members, and the
 * control events that it is evidence for. `-` stands for none. The kinds are the rooms' own (AUDIT.md); here they are only
 * described, and entries.test.ts holds this against the code.
 */
export interface KindRow {
  readonly kind: string;
  readonly when: string;
  readonly fields: string;
  readonly serves: string;
}

const section = (title: string, text: string): { title: string; rows: KindRow[] } => ({
  title,
  rows: text
    .trim()
    .split('\n')
    .map((line) => {
      const [kind = '', when = '', fields = '', serves = ''] = line.split('|').map((part) => part.trim());
      return { kind, when, fields, serves };
    }),
});

export const SECTIONS = [
  section(
    'Calls and sessions',
    `
session.start | a session begins, before its first message is sent | era, client | AC-12, AU-14
session.end | it ends, whoever ended it | reason | AC-12
session.kill | an administrator ends it, before it does | reason | AC-12, PCI 8.2.5
session.listen | a client opens a stream for what the server says by itself, before anything is said | - | AU-14
call.intent | **commit point 1**: a call may be sent; nothing of it was sent before | findings, approvalDigest | PCI 10.2.1.1, PCI 10.2.2, AU-12(1)
call.outcome | **commit point 2**: its ending; no byte of the answer was released before | reason, detail, findings, withheld, unpinned, labels, hygiene | PCI 10.2.2, AU-12(1)
call.indeterminate | an intent without an ending is found (after a crash or a failed commit) | reason, intentSeq | AU-5(4), AU-10
call.reconciled | an agent's receipt says whether such a call had begun | receipt, endingSeq, chain, size | AU-10
call.interim | a notification, or a question of the server, before it is passed on; either direction | direction, findings, labels, hygiene | PCI 10.2.1.1, AU-14
call.gateway | the gateway answers a call itself (the tool request_access) | outcome | PCI 10.2.1.1
call.refused | a message ends before its intent: malformed, unknown method, over a limit, no log | reason, detail | AU-12(1)
decision.deny | policy, a role or a pin denies; nothing was sent | reason, detail, direction, surface, route, needs | PCI 10.2.1.4
masking.missed | the gateway masks what the agent let through: an alarm | findings | PCI 3.4.1, SI-7
masking.withheld | an agent keeps back what it can't mask and no call waits for | reason, at | PCI 3.4.1
masking.rules_refused | an agent does not take the rules that it was sent | version, sent, problem | PCI 3.4.1
`,
  ),
  section(
    'Who may do what',
    `
auth.failure | a token, certificate or signature is refused, at the MCP endpoint, the API, the tunnel or a webhook | surface, route, method, reason, detail, limited | PCI 10.2.1.4
grant.requested | somebody asks for access | principal, tools, limitedArguments, termsDigest, durationSeconds, usesMax, uses, reason, ticket, expiresAt; by whom it was decided, endReason | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.issued | it is given, before it is in force | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.refused | policy or an approver says no | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.narrowed | it is given for less than was asked | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.withdrawn | the asking is taken back | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.revoked | it is ended by somebody, before it ends | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.expired | its time is over | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.used_up | its last use is spent | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
grant.failed | the step that the entry before tells of did not come about | the same | PCI 7.2.5, PCI 8.2.5, CRI PR.AA-05.02
access.reviewed | a membership is kept or removed at its review | account, membership, decision, reason | PCI 7.2.4, FFIEC IS II.C.7(b), CRI PR.AA-05.02
approval.requested | a call or a request for access is held | digest, requester, state, flows, policyVersion, policies, expiresAt | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.viewed | somebody who decides is shown what would run, before it is shown | digest | PCI 10.2.1.1
approval.decided | one approver's yes or no, on exactly this digest | the same as requested; effect, seat (in whose place), method (how it was proven), counts, reason | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.escalated | nobody decided in time; others may now too | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.used | the consent is spent, just before the intent | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.expired | nobody decided, or the consent was not used in time | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.withdrawn | the requester takes it back, or has gone | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.superseded | what it was bound to has changed | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.reviewed | a broken glass is reviewed by a third | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
approval.unconfirmed | the step that the named entries tell of did not come about | the same as requested | AC-3(2), AC-5, FFIEC IS II.C.7(c)
proposal.proposed | a change that needs two people is proposed | proposal, change, digest, proposedBy, reason, outcome | AC-3(2), FFIEC IS II.C.7(c)
proposal.confirmed | another person confirms exactly that, before it happens | the same | AC-3(2), FFIEC IS II.C.7(c)
proposal.refused | another person refuses it | the same | AC-3(2), FFIEC IS II.C.7(c)
proposal.executed | it was carried out | the same | AC-3(2), FFIEC IS II.C.7(c)
proposal.failed | it could not be carried out | the same | AC-3(2), FFIEC IS II.C.7(c)
proposal.expired | nobody confirmed it in time | the same | AC-3(2), FFIEC IS II.C.7(c)
proposal.unconfirmed | the step that the entry before tells of did not come about | the same | AC-3(2), FFIEC IS II.C.7(c)
`,
  ),
  section(
    'Configuration, agents and tools',
    `
config.change | a document, token or agent is created, changed or deleted, before it is | kind, name, effect, version, before, after (digests) | PCI 10.2.1.5
config.failed | the change that the named entry tells of did not come about | entry | PCI 10.2.1.5
server.probe | somebody has a server looked at anew | - | CM-3
tool.discovered | a server shows a tool for the first time; it is withheld | tools (name and digest), by, reason | CM-3, SI-7
tool.changed | a server shows another definition than before; it is withheld | the same | CM-3, SI-7
tool.restored | a server shows an earlier definition again | the same | CM-3, SI-7
tool.gone | a server does not show a tool any more | the same | CM-3, SI-7
tool.pinned | a definition is reviewed and may be called from now on | the same | CM-3, SI-7
tool.rejected | a definition is reviewed and stays withheld | the same | CM-3, SI-7
tool.unconfirmed | the step that the named entries tell of did not come about | entries | CM-3, SI-7
agent.enrolled | an agent gets its first certificate, before it is given | token, serial, fingerprint, expiresAt, agentVersion, replaced | PCI 8.6, IA-3
agent.attached | an agent's tunnel opens | agentVersion, protocol, bootId, fingerprint, clockOffsetMs, replica, witnessKey | FFIEC IS II.C.13(b), PCI 10.6
agent.lost | it closes | reason, bootId, channels, connectedMs | AU-12(1)
agent.receipts_asked | somebody has an agent's receipts compared now | agent | AU-10
agent.receipts | receipts were compared with the log up to here, or are not believed | chain, from, size, head, asOf, unmatched, problem, beforeChain, beforeSize, beforeHead | AU-10
agent.receipt_unmatched | a receipt of a call without an intent: an alarm | chain, n, at, agentServer | AU-10
key.rotated | a key or certificate of the tunnel is made or made anew | key, serial, fingerprint, previousSerial, expiresAt | PCI 10.2.1.5, SC-12
`,
  ),
  section(
    'The log itself',
    `
log.start | the log opens; "settled" calls had been left without an ending | keys, settled | PCI 10.2.1.6
log.stop | it is closed in order | - | PCI 10.2.1.6
log.resumed | it goes on after it could not write; the seqs of entries that stand although their callers were told they do not: what they tell of did not go on | outageMs, refused, unconfirmedFirst, unconfirmedLast | PCI 10.2.1.6, PCI 10.7
log.read | somebody searches the log or reads an entry, a body or a session's story, before it is shown | query, body, session | PCI 10.2.1.3
log.export | somebody exports it, or a part of it, before the first byte leaves | part, partition | PCI 10.2.1.3
unmask | a sealed original is opened, before it is shown | entry, entrySeq, reason, shredded | PCI 10.2.1.1, PCI 10.2.1.3
hold.placed | a legal hold is placed: nothing of its scope is shredded | hold, by, reason, from, until, principal, server, session | SEC 17a-4(f)
hold.released | it ends | hold, by | SEC 17a-4(f)
shred | originals and bodies of a scope are destroyed, before they are | proposal, from, until, principal, server, session | PCI 10.2.1.7
retention.exported | a month that is due was exported, and its export read back and verified | partition, from, until, export, manifest, checkpoint | PCI 10.5.1, AU-11
retention.dropped | a month is dropped, by two people, before it is | partition, from, until, export, manifest, checkpoint, anchor, anchored, anchoredSize, classes, by, proposal | PCI 10.2.1.7, PCI 10.5.1, AU-11
retention.drop_failed | the drop that the entry before tells of did not come about | partition, from, until, proposal, problem | PCI 10.5.1, AU-11
checkpoint.gap | no checkpoint was signed for longer than there should have been | silentSeconds, afterSize | PCI 10.7, AU-5
checkpoint.refused | the signer refuses to sign a head that does not extend what it signed: an alarm | reason, signedSize, signedRoot, size, root | PCI 10.3.4, AU-9(3)
log.anchor_asked | somebody has a checkpoint anchored now | - | PCI 10.3.3
log.anchored | a checkpoint was put outside the database | anchor, how, checkpoint, size, location | PCI 10.3.3
log.anchor_failed | it could not be put there: an alarm | anchor, how, problem | PCI 10.7
witness.key | a witness is known by this key from now on | witness, key, kind, replaced | AU-9(3)
witness.conflict | a witness refuses a checkpoint: an alarm, with both kept as evidence | witness, status, heldSize, shown, held | PCI 10.3.4, AU-9(3)
witness.quorum_lost | too few have countersigned for too long: an alarm | demands, ageSeconds, missing | PCI 10.7
witness.quorum_regained | enough countersign again | demands, ageSeconds, missing | PCI 10.7
log.forwarding | a receiver is connected | target, from | PCI 10.3.3
log.forward_failed | a receiver can't be reached: an alarm | target, problem, from | PCI 10.7
log.disk_low | the disk of the embedded database is nearly full: an alarm | freePercent | AU-4, AU-5
log.disk_well | there is room again | freePercent | AU-4
`,
  ),
];
