import { Box, Tooltip } from "@mantine/core";

type Props = {
  /** Why it cannot be done; null where it can. */
  why: string | null;
  children: React.ReactNode;
};

/** Around a disabled button: says why, to the mouse and to the keyboard. */
export function MayNot({ why, children }: Props) {
  if (why === null) return children;
  return (
    <Tooltip label={why} events={{ hover: true, focus: true, touch: true }}>
      <Box tabIndex={0} role="note" aria-label={why} display="inline-block">
        {children}
      </Box>
    </Tooltip>
  );
}
