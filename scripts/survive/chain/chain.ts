import type { Drill, Fault, Settings } from "../drill.ts";
import { drillEndpoint } from "./endpoint-drill.ts";
import { drillEvents } from "./event-drill.ts";
import { type Network, startNetwork } from "./network.ts";
import type { Pace } from "./stage.ts";
import { drillMended, drillTakeovers } from "./takeover-drill.ts";

/** The longest fault of a full run lasts as long as a restart of an endpoint; the small one is over before anybody would look. */
const PACES = {
  full: { faultMs: 20_000, replaceAfterMs: 5_000, haltAfterMs: 120_000, intervalMs: 500 },
  part: { faultMs: 900, replaceAfterMs: 1_000, haltAfterMs: 8_000, intervalMs: 100 },
};
/** What will not pass need not be waited for as long. */
const TAKEOVER_HALT_AFTER_MS = { full: 20_000, part: 3_000 };

type Part = (settings: Settings, pace: Pace, network: Network) => Promise<Fault[]>;

/** Everything that endpoints, networks and other people do to a server that anchors, while clients record. */
export const chain: Drill = {
  name: "chain",
  about: "endpoints that fail and lie, reorganisations, fees, and a log that somebody else takes over",
  async run(settings) {
    const size = settings.full ? "full" : "part";
    const pace = PACES[size];
    const halting = { ...pace, haltAfterMs: TAKEOVER_HALT_AFTER_MS[size] };
    const lane = async (parts: readonly (readonly [Part, Pace])[]) => {
      const faults: Fault[] = [];
      for (const [part, itsPace] of parts) faults.push(...(await onNetworkOfItsOwn(part, settings, itsPace)));
      return faults;
    };
    // Where one cannot be done, the other is waited for: its programs run.
    const lanes = await Promise.allSettled([
      lane([
        [drillEndpoint, pace],
        [drillMended, halting],
      ]),
      lane([
        [drillEvents, pace],
        [drillTakeovers, halting],
      ]),
    ]);
    return lanes.flatMap((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  },
};

async function onNetworkOfItsOwn(part: Part, settings: Settings, pace: Pace): Promise<Fault[]> {
  const network = await startNetwork(settings.signal);
  try {
    return await part(settings, pace, network);
  } finally {
    await network.stop();
  }
}
