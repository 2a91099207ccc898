import { once } from "node:events";
import { createServer } from "node:http";
import { Gauge, Registry } from "prom-client";
import type { AuditReport } from "../../audit/audit.ts";
import { invariant } from "../../core/errors.ts";

/** The figures of the latest audit, for Prometheus. */
export type AuditMetrics = {
  readonly port: number;
  /** @param seconds how long it took. */
  note(report: AuditReport, seconds: number): void;
  close(): void;
};

/** Serves the figures on this machine alone: whoever wants them elsewhere puts a proxy before it. */
export async function openAuditMetrics(port: number, clock: () => number): Promise<AuditMetrics> {
  const figures = new Registry();
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `tallyroot_audit_${name}`, help, registers: [figures] });
  const clean = gauge("clean", "1 when the latest audit found nothing wrong, 0 otherwise.");
  const findings = gauge("findings", "Findings of the latest audit.");
  const deltas = gauge("deltas", "Deltas that the latest audit derived anew.");
  const success = gauge("last_success_timestamp_seconds", "When the latest audit that found nothing wrong ended.");
  const duration = gauge("duration_seconds", "How long the latest audit took.");
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    figures.metrics().then(
      (text) => response.writeHead(200, { "Content-Type": figures.contentType }).end(text),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  invariant(typeof address === "object" && address !== null, "a server on a port has an address");
  return {
    port: address.port,
    note(report, seconds) {
      clean.set(report.clean ? 1 : 0);
      findings.set(report.findingCount);
      deltas.set(report.checked.deltas);
      duration.set(seconds);
      if (report.clean) success.set(clock() / 1000);
    },
    close: () => server.close(),
  };
}
