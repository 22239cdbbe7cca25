import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway measures of itself, in Prometheus' text form. Names and counts, never payload or people. */
export interface Metrics {
  call(method: string, ending: string, durationMs: number): void;
  /** What was masked in one message. */
  masked(
    server: string,
    findings: readonly { rule: string; entity: string; at: string; count: number }[],
  ): void;
  /** The gateway found what an agent had let through. */
  missed(server: string): void;
  render(): Promise<{ contentType: string; text: string }>;
}

/** Numbers that are read when asked for. */
export interface Readings {
  readonly sessions: () => number;
  readonly entries: () => number;
  readonly logHealthy: () => boolean;
  /** Seconds since the newest checkpoint that a quorum of witnesses covers, and how many refuse the log. */
  readonly witnessAgeSeconds: () => number;
  readonly witnessConflicts: () => number;
}

export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = new Counter({
    name: 'sallyport_calls_total',
    help: 'Requests by MCP method and by how they ended',
    labelNames: ['method', 'ending'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'sallyport_call_duration_seconds',
    help: 'From receipt of a request to the release of its answer',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  const masked = new Counter({
    name: 'sallyport_masked_total',
    help: 'Values masked, by server, rule, entity and the end that found them',
    labelNames: ['server', 'rule', 'entity', 'at'],
    registers: [registry],
  });
  const missed = new Counter({
    name: 'sallyport_masking_missed_total',
    help: 'Messages in which the gateway found what the agent had let through',
    labelNames: ['server'],
    registers: [registry],
  });
  gauge(registry, 'sallyport_sessions', 'Sessions of this replica', readings.sessions);
  gauge(registry, 'sallyport_log_entries', 'Entries in the audit log', readings.entries);
  gauge(registry, 'sallyport_log_healthy', '1 while the audit log can be written', () =>
    readings.logHealthy() ? 1 : 0,
  );
  gauge(
    registry,
    'sallyport_witness_quorum_age_seconds',
    'Age of the newest checkpoint that a quorum of witnesses has countersigned',
    readings.witnessAgeSeconds,
  );
  gauge(
    registry,
    'sallyport_witness_conflicts',
    'Witnesses that say the log is not the one they countersigned',
    readings.witnessConflicts,
  );
  return {
    call(method, ending, durationMs) {
      // A client chooses the method's text: only what the gateway knows becomes a label.
      calls.inc({ method, ending });
      durations.observe(durationMs / 1000);
    },
    masked(server, findings) {
      for (const { rule, entity, at, count } of findings) masked.inc({ server, rule, entity, at }, count);
    },
    missed: (server) => missed.inc({ server }),
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const made: Gauge = new Gauge({ name, help, registers: [registry], collect: () => made.set(read()) });
}
