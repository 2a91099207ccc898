import { ActionIcon, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

type Props = {
  /** 0x hex: a fingerprint, root, address or transaction. */
  value: string;
  /** What it is, for who does not see it: "receipt id". */
  name: string;
  /** Shows all of it. */
  whole?: boolean;
  href?: string | undefined;
};

/** A hash, shortened in its middle, to be copied whole. */
export function Hash({ value, name, whole = false, href }: Props) {
  const shown = whole || value.length <= 14 ? value : `${value.slice(0, 8)}…${value.slice(-6)}`;
  const text = (
    <Text
      span
      ff="monospace"
      fz="sm"
      {...(whole ? { style: { overflowWrap: "anywhere" } } : { style: { whiteSpace: "nowrap" } })}
    >
      {shown}
    </Text>
  );
  return (
    <Group component="span" gap={4} wrap="nowrap" display="inline-flex">
      <Tooltip label={value} disabled={whole} maw={520} multiline>
        {href === undefined ? text : <a href={href}>{text}</a>}
      </Tooltip>
      <CopyButton value={value} timeout={1500}>
        {({ copied, copy }) => (
          <ActionIcon
            className="no-print"
            variant="subtle"
            color="gray"
            size="sm"
            onClick={copy}
            aria-label={copied ? `${name} copied` : `copy ${name}`}
          >
            {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  );
}
