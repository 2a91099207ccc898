import { Box, Group, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useEffect, useRef } from "react";

type Props = {
  /** The screen's one h1, and the title of the tab. No key and no amount belongs here. */
  title: string;
  /** The tab's title where it differs. */
  tabTitle?: string;
  lead?: React.ReactNode;
  actions?: React.ReactNode;
  children: React.ReactNode;
};

/** Whether this page has shown a screen before: the first one is where a browser has put the keyboard by itself. */
let shownBefore = false;

/** What every screen begins with. After a change of screen the keyboard is at its heading, as after a page load. */
export function Screen({ title, tabTitle = title, lead, actions, children }: Props) {
  useDocumentTitle(`${tabTitle} · Tallyroot`);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (shownBefore) heading.current?.focus({ preventScroll: true });
    shownBefore = true;
  }, []);
  return (
    <Box component="section" aria-labelledby="screen-title">
      <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
        <Box style={{ flex: "1 1 20rem", minWidth: 0 }}>
          <Title ref={heading} order={1} fz={26} id="screen-title" tabIndex={-1} style={{ outline: "none" }}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" mt={4} component="div">
              {lead}
            </Text>
          )}
        </Box>
        {actions && (
          <Group gap="xs" className="no-print">
            {actions}
          </Group>
        )}
      </Group>
      {children}
    </Box>
  );
}
