import type { Clock } from '@sallyport/shared/clock';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import { readCheckpoints } from '../checkpoint/table.ts';
import { ANCHOR_AGE_MAX_MS, ANCHOR_EVERY_MS } from '../limits.ts';
import type { OutboundSettings } from '../outbound/send.ts';
import type { EntryDraft, StoredCheckpoint } from '../types.ts';
import { Anchors } from './anchors.ts';
import { FolderAnchor } from './folder.ts';
import { S3Anchor, type S3Settings } from './s3.ts';
import { AnchorTable } from './table.ts';
import { TimestampAnchor } from './timestamp.ts';
import type { Anchor } from './types.ts';

/** One anchor of the operator's settings. */
export type AnchorSetting =
  | { readonly name: string; readonly folder: string }
  | { readonly name: string; readonly s3: S3Settings }
  | { readonly name: string; readonly timestamp: { readonly url: string } };

export interface AnchorSettings {
  readonly anchors: readonly AnchorSetting[];
  /** An hour by default. */
  readonly everyMs?: number;
  /** How long ago the last anchoring may be; two hours by default. */
  readonly maxAgeMs?: number;
  readonly refuses: boolean;
  readonly outbound: OutboundSettings;
}

/** Opens the anchors of a log. */
export async function openAnchors(
  settings: AnchorSettings,
  given: {
    readonly store: Store;
    readonly slot: number;
    readonly origin: string;
    readonly newest: () => StoredCheckpoint | undefined;
    readonly record: (draft: EntryDraft) => Promise<unknown>;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): Promise<Anchors> {
  const { store, slot, clock, ...rest } = given;
  const [first] = await readCheckpoints(store, slot, 0, 1);
  return await Anchors.open({
    ...rest,
    clock,
    anchors: settings.anchors.map((each) => anchorOf(each, settings.outbound, () => clock.now())),
    everyMs: settings.everyMs ?? ANCHOR_EVERY_MS,
    maxAgeMs: settings.maxAgeMs ?? ANCHOR_AGE_MAX_MS,
    refuses: settings.refuses,
    table: new AnchorTable(store, slot),
    sinceMs: first === undefined ? clock.now() : Date.parse(first.ts),
  });
}

function anchorOf(setting: AnchorSetting, outbound: OutboundSettings, now: () => number): Anchor {
  if ('folder' in setting) return new FolderAnchor(setting.name, setting.folder);
  if ('s3' in setting) return new S3Anchor(setting.name, setting.s3, outbound, now);
  return new TimestampAnchor(setting.name, setting.timestamp.url, outbound);
}
