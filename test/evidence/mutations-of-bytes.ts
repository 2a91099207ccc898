import type { Random } from "./random.ts";

/** What is done to a file as bytes. */
export const BYTE_CHANGES: Readonly<Record<string, (bytes: Buffer, random: Random) => Uint8Array>> = {
  "a flipped bit": (bytes, random) => {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  "another byte": (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  "another character": (bytes, random) => {
    bytes[random.below(bytes.length)] = random.one([...Buffer.from('0123456789abcdefABCDEF{}[]",:\\-+. \n')]);
    return bytes;
  },
  "a byte more": (bytes, random) => {
    const i = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, i), Buffer.of(random.below(256)), bytes.subarray(i)]);
  },
  "a byte less": (bytes, random) => {
    const i = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
  },
  "cut short": (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  "a piece again, or left out": (bytes, random) => {
    const [i, j, k] = [random.below(bytes.length), random.below(bytes.length), random.below(bytes.length)];
    return Buffer.concat([
      bytes.subarray(0, i),
      bytes.subarray(j, j + random.below(200)),
      bytes.subarray(random.one([i, k])),
    ]);
  },
  "something around it": (bytes, random) => {
    const around = [
      "\ufeff",
      "\u0000",
      " ",
      "\r\n\t ",
      "\u00a0",
      "\u2028",
      "\f",
      "\v",
      ",",
      "{}",
      "//",
      "/**/",
      "1",
      "\u001a",
      "]",
    ];
    const more = Buffer.from(random.one(around));
    return Buffer.concat(
      random.one([
        [more, bytes],
        [bytes, more],
        [more, bytes, more],
        [bytes, bytes],
      ]),
    );
  },
  "white space inside": (bytes, random) => {
    const marks = random.one([", ", ",", ",\u00a0", ",\n\r\t", ",\f", ",\u2003", ",,", ",}"]);
    const text = bytes.toString("utf8");
    return Buffer.from(random.below(2) === 0 ? text.replaceAll(/,\n\s*/g, marks) : text.replace(/,\n/, marks));
  },
  "another encoding": (bytes, random) => {
    const text = bytes.toString("utf8");
    const overlong = Buffer.from([0xc0, 0xa0]);
    return random.one([
      () => Buffer.from(text, "utf16le"),
      () => Buffer.from(text, "latin1"),
      () => Buffer.concat([bytes.subarray(0, 2), overlong, bytes.subarray(2)]),
      () => Buffer.concat([bytes.subarray(0, -2), Buffer.from([0xed, 0xa0, 0x80]), bytes.subarray(-2)]),
    ])();
  },
};
