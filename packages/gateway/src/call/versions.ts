/** The first revision of the modern era (MCP.md). Revisions are dates, so they compare as text. */
export const MODERN_VERSION = '2026-07-28';

export const MODERN_VERSIONS: readonly string[] = [MODERN_VERSION];

export const LEGACY_VERSIONS: readonly string[] = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];

/** The only revision with JSON-RPC batches. */
export const BATCH_VERSION = '2025-03-26';
