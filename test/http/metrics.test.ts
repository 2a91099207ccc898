import { expect } from "chai";
import { openMetrics } from "#src/http/metrics.ts";
import { getDelta } from "#src/http/routes/record.ts";
import { eventually, record, send, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const NOTHING = {
  recorded: 0,
  anchored: 0,
  oldestPendingAt: null,
  latestIndex: 0,
  confirmedIndex: 0,
  confirmedAt: null,
};

const NO_CHAIN = {
  halted: false,
  reason: null,
  rpcErrors: 0,
  chainHead: null,
  balanceEther: null,
  anchorsLeft: null,
  feeGwei: null,
  ceilingGwei: null,
  aboveCeiling: false,
  endpoints: {},
  disputed: false,
  oldestSentSeconds: 0,
};

/** The value of a series, by its name with labels as the text has it. */
function figure(text: string, series: string): number | undefined {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe("the figures of a running server", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const scrape = async () => (await send(server.url, { path: "/metrics" })).text;

  it("are in the text format of Prometheus", async () => {
    const reply = await send(server.url, { path: "/metrics" });
    expect(reply.status).to.equal(200);
    expect(reply.headers.get("Content-Type")).to.equal("text/plain; version=0.0.4; charset=utf-8");
    const line = /^(#.*|[a-z0-9_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? ([-+0-9.eE]+|[-+]Inf|Nan))?$/;
    expect(reply.text.split("\n").filter((text) => !line.test(text))).to.deep.equal([]);
  });

  it("count what is recorded and what is anchored, and then there is no backlog", async () => {
    const { recordId } = await record(target, { customerId: "cust_metrics", delta: 1, reason: "r" });
    await record(target, { customerId: "cust_metrics", delta: 2, reason: "r" });
    expect(figure(await scrape(), "tallyroot_deltas_recorded_total")).to.equal(2);
    await verified(target, recordId);
    const text = await eventually("no backlog", async () => {
      const text = await scrape();
      return figure(text, "tallyroot_anchor_backlog_deltas") === 0 ? text : undefined;
    });
    expect(figure(text, "tallyroot_deltas_anchored")).to.equal(2);
    expect(figure(text, "tallyroot_anchor_lag_seconds")).to.equal(0);
    const index = figure(text, "tallyroot_anchor_confirmed_index")!;
    expect(index).to.be.at.least(1);
    expect(figure(text, "tallyroot_anchor_index")).to.equal(index);
    expect(figure(text, "tallyroot_anchor_confirmed_timestamp_seconds")).to.be.closeTo(Date.now() / 1000, 30);
    expect(figure(text, "tallyroot_anchoring_halted")).to.equal(0);
    expect(figure(text, "tallyroot_rpc_errors_total")).to.equal(0);
  });

  it("know the head of the chain", async () => {
    const head = await eventually(
      "the chain's head",
      async () => figure(await scrape(), "tallyroot_chain_head_block") || undefined,
    );
    expect(head).to.be.at.least(1);
  });

  it("count answers by route pattern, method and status", async () => {
    const count = (labels: string) => `tallyroot_http_request_duration_seconds_count{${labels}}`;
    const wanted: readonly (readonly [path: string, method: string, labels: string])[] = [
      [
        "/api/v1/balance/customers/cust_metrics",
        "GET",
        'route="/api/v1/balance/customers/:customerId",method="GET",status="200"',
      ],
      [
        "/api/v1/balance/customers/nobody",
        "GET",
        'route="/api/v1/balance/customers/:customerId",method="GET",status="404"',
      ],
      ["/api/v1/chain", "HEAD", 'route="/api/v1/chain",method="HEAD",status="200"'],
      ["/nowhere/secret", "BREW", 'route="none",method="any",status="404"'],
    ];
    for (const [path, method, labels] of wanted) {
      const before = figure(await scrape(), count(labels)) ?? 0;
      await send(server.url, { path, method: method === "BREW" ? "PUT" : method, key: target.key });
      const after = await eventually(`${path} counted`, async () => {
        const now = figure(await scrape(), count(labels));
        return now !== undefined && now > before ? now : undefined;
      });
      expect(after, labels).to.equal(before + 1);
    }
  });

  it("name no customer, key, tenant, path or id", async () => {
    await send(server.url, { path: "/api/v1/verify/0xabc" });
    const text = await scrape();
    const publicId = target.key.split(".")[0]!.split("_")[2]!;
    for (const secret of ["cust_metrics", "nobody", "secret", "0xabc", "rec_", publicId, "default"]) {
      const leaks = text.split("\n").filter((line) => line.includes(secret));
      expect(leaks, secret).to.deep.equal([]);
    }
  });
});

describe("the figures behind a token", () => {
  const dir = temporaryDirectory();
  const token = "scrape-me-0123456789";
  let server: Server;

  before(async () => {
    server = await startServer(dir, { TALLYROOT_METRICS_TOKEN: token });
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("are for whoever sends it, and for nobody else", async () => {
    const status = async (headers: Record<string, string>) =>
      (await send(server.url, { path: "/metrics", headers })).status;
    expect(await status({ Authorization: `Bearer ${token}` })).to.equal(200);
    for (const sent of [undefined, "scrape-me", `${token}0`, apiKeyOf(dir)]) {
      expect(await status(sent === undefined ? {} : { Authorization: `Bearer ${sent}` }), sent).to.equal(401);
    }
  });
});

describe("figures", () => {
  const open = (change: object = {}) =>
    openMetrics({
      progress: async () => NOTHING,
      anchoring: () => NO_CHAIN,
      clock: () => 100_000,
      ...change,
    });

  it("tell the age of the oldest delta that is not anchored", async () => {
    const metrics = open({ progress: async () => ({ ...NOTHING, recorded: 7, anchored: 4, oldestPendingAt: 97_500 }) });
    const text = await metrics.text();
    expect(figure(text, "tallyroot_anchor_lag_seconds")).to.equal(2.5);
    expect(figure(text, "tallyroot_anchor_backlog_deltas")).to.equal(3);
  });

  it("count each time that the chain did not answer, the job's and the requests'", async () => {
    const metrics = open({ anchoring: () => ({ ...NO_CHAIN, halted: true, rpcErrors: 2, chainHead: 9 }) });
    metrics.chainFailed();
    const text = await metrics.text();
    expect(figure(text, "tallyroot_rpc_errors_total")).to.equal(3);
    expect(figure(text, "tallyroot_anchoring_halted")).to.equal(1);
    expect(figure(text, "tallyroot_chain_head_block")).to.equal(9);
    expect(figure(await metrics.text(), "tallyroot_rpc_errors_total"), "asked twice").to.equal(3);
  });

  it("of publishing are left out while they are not known, and name what is waited for", async () => {
    const unknown = await open().text();
    for (const name of ["publisher_balance_ether", "publisher_balance_anchors", "fee_gwei", "fee_ceiling_gwei"])
      expect(figure(unknown, `tallyroot_${name}`), name).to.equal(undefined);
    const known = {
      ...NO_CHAIN,
      reason: "FEE_ABOVE_CEILING",
      balanceEther: 0.25,
      anchorsLeft: 120,
      feeGwei: 31.5,
      ceilingGwei: 30,
      aboveCeiling: true,
      endpoints: { up: 2, down: 1 },
      oldestSentSeconds: 9,
    };
    let now: object = known;
    const metrics = open({ anchoring: () => now });
    const text = await metrics.text();
    const series = {
      tallyroot_publisher_balance_ether: 0.25,
      tallyroot_publisher_balance_anchors: 120,
      tallyroot_fee_gwei: 31.5,
      tallyroot_fee_ceiling_gwei: 30,
      tallyroot_fee_above_ceiling: 1,
      'tallyroot_rpc_endpoints{state="up"}': 2,
      'tallyroot_rpc_endpoints{state="down"}': 1,
      tallyroot_oldest_transaction_seconds: 9,
      'tallyroot_anchoring_reason{reason="FEE_ABOVE_CEILING"}': 1,
    };
    for (const [name, value] of Object.entries(series)) expect(figure(text, name), name).to.equal(value);
    now = NO_CHAIN;
    const later = await metrics.text();
    expect(figure(later, "tallyroot_publisher_balance_ether"), "no longer known").to.equal(undefined);
    expect(later).not.to.contain("FEE_ABOVE_CEILING");
  });

  it("show the webhook queue by state", async () => {
    const metrics = open({ webhooks: async () => ({ pending: 3, parked: 1 }) });
    const text = await metrics.text();
    expect(figure(text, 'tallyroot_webhook_deliveries{state="pending"}')).to.equal(3);
    expect(figure(text, 'tallyroot_webhook_deliveries{state="parked"}')).to.equal(1);
  });

  it("put latencies into cumulative buckets", async () => {
    const metrics = open();
    for (const milliseconds of [0.5, 1, 1.1, 40, 99_000]) metrics.answered(getDelta, "GET", 200, milliseconds);
    const text = await metrics.text();
    const labels = `route="${getDelta.path}",method="GET",status="200"`;
    const name = "tallyroot_http_request_duration_seconds";
    const bucket = (le: string) => figure(text, `${name}_bucket{le="${le}",${labels}}`);
    expect([
      bucket("0.001"),
      bucket("0.0025"),
      bucket("0.025"),
      bucket("0.05"),
      bucket("10"),
      bucket("+Inf"),
    ]).to.deep.equal([2, 3, 3, 4, 4, 5]);
    expect(figure(text, `${name}_count{${labels}}`)).to.equal(5);
    expect(figure(text, `${name}_sum{${labels}}`)).to.be.closeTo(99.0426, 1e-9);
  });
});
