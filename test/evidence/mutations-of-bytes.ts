import type { Random } from "../../scripts/survive/random.ts";

/** What is done to a file as bytes. */
export const BYTE_CHANGES: Readonly<Record<string, (bytes: Buffer, random: Random) => Uint8Array>> = {
  "a flipped bit": (bytes, random) => {
    bytes[random.between(0, bytes.length)]! ^= 1 << random.between(0, 8);
    return bytes;
  },
  "another byte": (bytes, random) => {
    bytes[random.between(0, bytes.length)] = random.between(0, 256);
    return bytes;
  },
  "another character": (bytes, random) => {
    bytes[random.between(0, bytes.length)] = random.oneOf([...Buffer.from('0123456789abcdefABCDEF{}[]",:\\-+. \n')]);
    return bytes;
  },
  "a byte more": (bytes, random) => {
    const i = random.between(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, i), Buffer.of(random.between(0, 256)), bytes.subarray(i)]);
  },
  "a byte less": (bytes, random) => {
    const i = random.between(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
  },
  "cut short": (bytes, random) => bytes.subarray(0, random.between(0, bytes.length)),
  "a piece again, or left out": (bytes, random) => {
    const [i, j, k] = [
      random.between(0, bytes.length),
      random.between(0, bytes.length),
      random.between(0, bytes.length),
    ];
    return Buffer.concat([
      bytes.subarray(0, i),
      bytes.subarray(j, j + random.between(0, 200)),
      bytes.subarray(random.oneOf([i, k])),
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
    const more = Buffer.from(random.oneOf(around));
    return Buffer.concat(
      random.oneOf([
        [more, bytes],
        [bytes, more],
        [more, bytes, more],
        [bytes, bytes],
      ]),
    );
  },
  "white space inside": (bytes, random) => {
    const marks = random.oneOf([", ", ",", ",\u00a0", ",\n\r\t", ",\f", ",\u2003", ",,", ",}"]);
    const text = bytes.toString("utf8");
    return Buffer.from(random.between(0, 2) === 0 ? text.replaceAll(/,\n\s*/g, marks) : text.replace(/,\n/, marks));
  },
  "another encoding": (bytes, random) => {
    const text = bytes.toString("utf8");
    const overlong = Buffer.from([0xc0, 0xa0]);
    return random.oneOf([
      () => Buffer.from(text, "utf16le"),
      () => Buffer.from(text, "latin1"),
      () => Buffer.concat([bytes.subarray(0, 2), overlong, bytes.subarray(2)]),
      () => Buffer.concat([bytes.subarray(0, -2), Buffer.from([0xed, 0xa0, 0x80]), bytes.subarray(-2)]),
    ])();
  },
};
