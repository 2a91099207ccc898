import { SIGN_IN_KEY, signInLink } from "../../wire/sign-in.ts";
import { command } from "../command.ts";
import { UsageError } from "../ending.ts";
import { CONNECTION, openServer, reach } from "../server-call.ts";
import { printJson } from "../terminal.ts";

/** Hours that a link may be worth at most: it lies in a terminal, or in a message. */
const MOST_HOURS = 24;

export const dashboard = command({
  command: "dashboard",
  describe: "Print a link that signs in to the dashboard once",
  options: {
    ...CONNECTION,
    hours: { describe: `How many hours it is good for, 1 to ${MOST_HOURS}`, default: "1" },
  },
  examples: [
    ["dashboard", "for the server of ./data: open it in a browser"],
    ["dashboard --url https://ledger.example --hours 8", "for another one; TALLYROOT_API_KEY has an admin key"],
  ],
  async run(values, terminal) {
    const hours = Number(values.hours);
    if (!/^[0-9]{1,2}$/.test(values.hours) || hours < 1 || hours > MOST_HOURS)
      throw new UsageError(`--hours takes a whole number, 1 to ${MOST_HOURS}`);
    const expiresAt = new Date(Date.now() + hours * 3_600_000).toISOString();
    const given = await openServer(values, terminal).post("/keys", { ...SIGN_IN_KEY, expiresAt });
    const link = signInLink(reach(values, terminal).url, given.apiKey);
    if (values.json) printJson(terminal, { url: link, publicId: given.publicId, expiresAt: given.expiresAt });
    else terminal.out(`${link}\n\nIt signs in once, as an admin, until ${given.expiresAt}.\n`);
    return undefined;
  },
});
