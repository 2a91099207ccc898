import { Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";

type Props = {
  value?: string;
  same: boolean;
  equal?: string;
  differs: string;
};

/** A value that was held against another: by word, sign and colour. */
export function Compared({ value, same, equal = "equal to what the server says", differs }: Props) {
  const Icon = same ? IconCircleCheck : IconCircleX;
  return (
    <>
      {value && (
        <Text span fz="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {value}
        </Text>
      )}
      <Text
        fz="sm"
        fw={600}
        c={`var(--${same ? "good" : "bad"})`}
        component="span"
        display="flex"
        style={{ gap: 6, alignItems: "center" }}
        data-same={same}
      >
        <Icon size={16} aria-hidden style={{ flexShrink: 0 }} />
        {same ? equal : differs}
      </Text>
    </>
  );
}
