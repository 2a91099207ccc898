import { createHmac, randomBytes } from "node:crypto";
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { signatureHeaders } from "#src/webhooks/sign.ts";
import { freshSecret } from "./ground.ts";

describe("the signature of a delivery", () => {
  const secret = freshSecret();
  const body = '{"id":"evt_1","data":{"delta":0.1,"note":"ß"}}';
  const signed = { eventId: "evt_1", event: "delta.verified", seconds: 0, body };
  let seconds: number;

  // A verifier takes a timestamp of the last five minutes only, and these tests may run long after this file was read.
  beforeEach(() => {
    seconds = Math.floor(Date.now() / 1000);
    signed.seconds = seconds;
  });

  it("has every published header and nothing besides", () => {
    expect(Object.keys(signatureHeaders(signed, [secret]))).to.deep.equal([
      "X-PacSpace-Signature",
      "X-PacSpace-Timestamp",
      "X-Event-ID",
      "X-Webhook-Event",
      "webhook-id",
      "webhook-timestamp",
      "webhook-signature",
    ]);
  });

  it("is a fixed value for fixed input, in both schemes", () => {
    const fixed = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
    const headers = signatureHeaders({ ...signed, seconds: 1_700_000_000, body: "{}" }, [fixed]);
    const mac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
    expect(headers["X-PacSpace-Signature"]).to.equal(`v1=${mac(fixed, "1700000000.{}").toString("hex")}`);
    expect(headers["webhook-signature"]).to.equal(
      `v1,${mac(Buffer.alloc(32, 1), "evt_1.1700000000.{}").toString("base64")}`,
    );
  });

  it("does not fit a changed body, another time, another event, or another secret", () => {
    const headers = signatureHeaders(signed, [secret]);
    const verify = (key: string, text: string, change = {}) => new Webhook(key).verify(text, { ...headers, ...change });
    expect(verify(secret, body)).to.deep.equal(JSON.parse(body));
    expect(() => verify(secret, body.replace("0.1", "0.2"))).to.throw(/No matching/);
    expect(() => verify(secret, body, { "webhook-timestamp": String(seconds - 1) })).to.throw(/No matching/);
    expect(() => verify(secret, body, { "webhook-id": "evt_2" })).to.throw(/No matching/);
    expect(() => verify(`whsec_${randomBytes(32).toString("base64")}`, body)).to.throw(/No matching/);
    const other = signatureHeaders({ ...signed, seconds: seconds - 1 }, [secret]);
    expect(other["X-PacSpace-Signature"]).not.to.equal(headers["X-PacSpace-Signature"]);
  });
});
