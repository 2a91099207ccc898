import { expect } from "chai";
import { SIGNATURE_FAILURES, verifyWebhook, type WebhookHeaders } from "#src/sdk/webhooks.ts";
import { signatureHeaders } from "#src/webhooks/sign.ts";
import { rejection } from "./ground.ts";

const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
const [secret, older, other] = [secretOf(1), secretOf(2), secretOf(3)];
const SECONDS = 1_800_000_000;
const now = SECONDS * 1000;
const body = JSON.stringify({ id: "evt_1", event: "webhook.test", data: { message: "grüß" } });

function headers(secrets = [secret], text = body): Record<string, string> {
  return signatureHeaders({ eventId: "evt_1", event: "webhook.test", seconds: SECONDS, body: text }, secrets);
}
/** Only one of the two schemes. */
function only(scheme: "x-pacspace" | "webhook-", all = headers()): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.toLowerCase().startsWith(scheme)));
}
const check = (given: WebhookHeaders, text: string | Uint8Array = body, by: string | string[] = secret, more = {}) =>
  verifyWebhook(text, given, by, { now, ...more });
const failure = async (...args: Parameters<typeof check>) => (await rejection(check(...args))).failure;

describe("a webhook delivery", () => {
  for (const [what, given] of [
    ["both schemes", headers()],
    ["X-PacSpace-Signature alone", only("x-pacspace")],
    ["Standard Webhooks alone", only("webhook-")],
  ] as const) {
    it(`signed by ${what} is genuine, however headers and body are handed over`, async () => {
      expect((await check(given)).data).to.deep.equal({ message: "grüß" });
      expect((await check(new Headers(given))).event).to.equal("webhook.test");
      expect((await check(Object.fromEntries(Object.entries(given).map(([n, v]) => [n, [v]])))).id).to.equal("evt_1");
      expect((await check(given, new TextEncoder().encode(body))).id).to.equal("evt_1");
    });

    it(`signed by ${what} is refused with another body, by another secret, or too late`, async () => {
      expect(await failure(given, body.replace("grüß", "grüss"))).to.equal("SIGNATURE_INVALID");
      expect(await failure(given, body, other)).to.equal("SIGNATURE_INVALID");
      expect(await failure(given, body, secret, { now: now + 301_000 })).to.equal("TIMESTAMP_OUT_OF_TOLERANCE");
      expect(await failure(given, body, secret, { now: now - 301_000 })).to.equal("TIMESTAMP_OUT_OF_TOLERANCE");
      expect((await check(given, body, secret, { now: now + 301_000, toleranceSeconds: 400 })).id).to.equal("evt_1");
      const later = Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, value === String(SECONDS) ? String(SECONDS + 9) : value]),
      );
      expect(await failure(later)).to.equal("SIGNATURE_INVALID");
    });

    it(`signed by ${what} is genuine by either secret during a rotation`, async () => {
      const scheme = what === "both schemes" ? "" : what.startsWith("X") ? "x-pacspace" : "webhook-";
      const both = only(scheme as "webhook-", headers([secret, older]));
      expect((await check(both, body, older)).id).to.equal("evt_1");
      expect((await check(both, body, secret)).id).to.equal("evt_1");
      expect((await check(given, body, [other, secret])).id).to.equal("evt_1");
      expect(await failure(both, body, other)).to.equal("SIGNATURE_INVALID");
    });
  }

  it("without signature or time is refused, and so is one whose signatures are of another form", async () => {
    expect(await failure({})).to.equal("SIGNATURE_MISSING");
    expect(await failure({ ...only("x-pacspace"), "X-PacSpace-Timestamp": "today" })).to.equal("SIGNATURE_MISSING");
    for (const text of ["v1=", "v2=00", "v1=zz", "hello"])
      expect(await failure({ ...only("x-pacspace"), "X-PacSpace-Signature": text })).to.equal("SIGNATURE_INVALID");
  });

  it("that is signed and no event is refused", async () => {
    for (const text of ["[]", "nonsense", "7", '{"event":"x"}'])
      expect(await failure(headers([secret], text), text)).to.equal("BODY_INVALID");
  });

  it("is refused with a name of the table", async () => {
    expect(Object.keys(SIGNATURE_FAILURES)).to.include(await failure({}));
  });
});
