import { readFileSync } from "node:fs";
import { command, group } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import type { Delivery } from "../listen/receive.ts";
import { CONNECTION, openServer } from "../server-call.ts";
import { shown } from "../terminal.ts";

const listen = command({
  command: "listen",
  describe: "Receive deliveries on this machine, verify their signatures and show them",
  options: {
    ...CONNECTION,
    json: { type: "boolean", describe: "A JSON object per delivery and line", default: false },
    port: { describe: "Where it listens, on 127.0.0.1; 0 for a free port", default: "0" },
    register: {
      type: "boolean",
      describe:
        "Register it at the server, which must run with TALLYROOT_WEBHOOK_ALLOW_PRIVATE=true, and remove it at the end",
      default: false,
    },
    events: { array: true, describe: "With --register: only this event; again and again for more" },
    "secret-file": {
      describe: "Without --register: a file with the endpoint's whsec_…; else TALLYROOT_WEBHOOK_SECRET",
    },
    count: { describe: "End after so many deliveries" },
  },
  examples: [
    ["webhooks listen --register", "everything that the local server tells"],
    ["webhooks listen --port 9000 --secret-file secret", "what something else sends or forwards here"],
  ],
  exits: { [EXIT.NOT_WELL]: "a delivery was not genuine" },
  async run(values, terminal) {
    const [port, count] = [wholeNumber("--port", values.port, 65_535), wholeNumber("--count", values.count)];
    const own = secretOf(values["secret-file"], terminal.env.TALLYROOT_WEBHOOK_SECRET);
    if (values.register && values["secret-file"] !== undefined)
      throw new UsageError("--register makes a secret: leave --secret-file out");
    if (!values.register && own === undefined)
      throw new UsageError("say --register, or give the endpoint's secret with --secret-file");
    const server = values.register ? openServer(values, terminal) : undefined;
    const { receiveAt } = await import("../listen/receive.ts");

    let secret = server ? undefined : own;
    let [seen, refused] = [0, 0];
    let finish = (_code: number) => {};
    const finished = new Promise<number>((resolve) => {
      finish = resolve;
    });
    const receiver = await receiveAt(
      port ?? 0,
      () => secret,
      (delivery) => {
        // Those that came while the last one was shown come again to nobody.
        if (seen === count) return;
        if (delivery.failure !== null) refused++;
        terminal.out(values.json ? `${JSON.stringify(delivery)}\n` : line(delivery));
        if (++seen === count) finish(refused > 0 ? EXIT.NOT_WELL : EXIT.DONE);
      },
    );
    // From here on Ctrl-C ends in order: what was registered is removed.
    terminal.leaveSignals();
    for (const [signal, code] of [
      ["SIGINT", EXIT.INTERRUPTED],
      ["SIGTERM", 143],
    ] as const)
      process.once(signal, () => finish(code));
    let id: string | undefined;
    try {
      if (server) {
        const url = `http://127.0.0.1:${receiver.port}/`;
        const made = await server.post("/webhooks", {
          url,
          events: values.events,
          description: "tallyroot webhooks listen",
        });
        id = made.id;
        secret = made.secret;
      }
      terminal.err(
        `Listening at http://127.0.0.1:${receiver.port}/${id === undefined ? "" : `, registered as ${id}`}. Stop with Ctrl-C.\n`,
      );
      return await finished;
    } finally {
      if (server && id !== undefined) await server.remove(`/webhooks/${encodeURIComponent(id)}`);
      await receiver.close();
    }
  },
});

export const webhooks = group("webhooks", "Webhooks: listen", [listen]);

function secretOf(file: string | undefined, environment: string | undefined): string | undefined {
  const text = file === undefined ? environment : readFileSync(file, "utf8");
  return text?.trim() || undefined;
}

function wholeNumber(option: string, text: string | undefined, most = 1_000_000_000): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) > most) throw new UsageError(`${option} takes a whole number`);
  return Number(text);
}

function line({ at, id, event, failure, data }: Delivery): string {
  const what = failure === null ? `genuine   ${event} ${id} ${JSON.stringify(data)}` : `NOT GENUINE: ${failure}`;
  return `${at} ${shown(what)}\n`;
}
