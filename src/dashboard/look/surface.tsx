import { Box, type BoxProps, Group, Title } from "@mantine/core";

type Props = BoxProps & {
  title?: string;
  actions?: React.ReactNode;
  children: React.ReactNode;
  /** No room around the content: a table brings its own. */
  flush?: boolean;
};

/** One box of a screen. */
export function Surface({ title, actions, children, flush = false, ...props }: Props) {
  return (
    <Box component="section" className="surface" {...(title && { "aria-label": title })} {...props}>
      {(title || actions) && (
        <Group justify="space-between" px="md" pt="md" pb={flush ? "sm" : 0} gap="sm">
          {title && (
            <Title order={2} fz="md">
              {title}
            </Title>
          )}
          {actions}
        </Group>
      )}
      <Box p={flush ? 0 : "md"}>{children}</Box>
    </Box>
  );
}
