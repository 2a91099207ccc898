import { CopyButton, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

type Props = {
  /** 0x hex: a fingerprint, root, address or transaction. */
  value: string;
  /** What it is, for who does not see it: "receipt id". */
  name: string;
  /** Shortened in its middle; whole unless said. */
  short?: boolean;
};

/** A hash, to be copied whole. It has no tooltip: what places those would be a tenth of this page's program. */
export function Hash({ value, name, short = false }: Props) {
  return (
    <span className="hash">
      <Text span ff="monospace" fz="sm" title={short ? value : undefined} style={{ overflowWrap: "anywhere" }}>
        {short ? `${value.slice(0, 8)}…${value.slice(-6)}` : value}
      </Text>
      <CopyButton value={value} timeout={1500}>
        {({ copied, copy }) => (
          <button
            type="button"
            className="copy no-print"
            onClick={copy}
            title={`copy ${name}`}
            aria-label={copied ? `${name} copied` : `copy ${name}`}
          >
            {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
          </button>
        )}
      </CopyButton>
    </span>
  );
}
