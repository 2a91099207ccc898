import type { AddressInfo } from "node:net";
import express from "express";
import { z } from "zod";

/** The same kind of server with nothing behind it: takes the body of a delta, checks it, and answers as much. Prints its port. */

const delta = z.strictObject({
  customerId: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
  delta: z.union([z.string(), z.number()]),
  reason: z.string().min(1).max(500),
  referenceId: z.string().max(255).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.post("/delta", express.json(), (request, response) => {
  const data = delta.parse(request.body);
  response.status(201).json({ success: true, data });
});
app.get("/nothing", (_request, response) => {
  response.json({ success: true, data: { status: "ok" } });
});
const server = app.listen(0, "127.0.0.1", (error) => {
  if (error) throw error;
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
