import { z } from "zod";
import { TallyrootError } from "../../core/errors.ts";
import { route } from "../route.ts";

export const getHealth = route({
  method: "GET",
  path: "/healthz",
  access: "public",
  summary: "Whether the process answers",
  status: 200,
  data: z.object({ status: z.literal("ok") }),
  codes: [],
  async handle() {
    return { data: { status: "ok" } };
  },
});

const check = z.object({ ok: z.boolean(), detail: z.string() });

export const getReadiness = route({
  method: "GET",
  path: "/readyz",
  access: "public",
  summary: "Whether the server can do its work now",
  status: 200,
  data: z.object({ status: z.literal("ready"), checks: z.record(z.string(), check) }),
  codes: ["SERVICE_UNAVAILABLE"],
  async handle({ readiness }) {
    const { ready, checks } = await readiness();
    if (!ready) throw new TallyrootError("SERVICE_UNAVAILABLE", "not ready", { checks, retryAfterSeconds: 1 });
    return { data: { status: "ready", checks } };
  },
});
