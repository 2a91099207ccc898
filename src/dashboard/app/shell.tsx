import { AppShell, Box, Burger, Group, Menu, NavLink, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconLogout, IconShieldCheck } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { Brand } from "../look/brand.tsx";
import { Failure } from "../look/outcome.tsx";
import { SchemeSwitch } from "../look/scheme-switch.tsx";
import { PLACES } from "./places.ts";
import { useSession } from "./session.tsx";

/** Header, sidebar and the room for a screen. */
export function Shell({ children }: { children: React.ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const [path] = useLocation();
  const session = useSession();
  const before = useRef(path);

  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    close();
    window.scrollTo(0, 0);
  }, [path, close]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", md: "xl" }}
    >
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <AppShell.Header
        px="md"
        className="no-print"
        style={{ background: "var(--surface)", borderColor: "var(--line)" }}
      >
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "close menu" : "open menu"}
            />
            <Brand />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <SchemeSwitch />
            <WhoMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        p="sm"
        className="no-print sidebar"
        data-closed={!opened || undefined}
        aria-label="Main"
        style={{ background: "var(--surface)", borderColor: "var(--line)" }}
      >
        {PLACES.filter(({ sees }) => sees(session)).map(({ path: to, name, icon: Icon }) => {
          const active = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
          return (
            <NavLink
              key={to}
              component={Link}
              href={to}
              label={name}
              leftSection={<Icon size={18} aria-hidden />}
              active={active}
              {...(active && { "aria-current": "page" as const })}
              style={{ borderRadius: 8 }}
              mb={2}
            />
          );
        })}
        <Box mt="auto" pt="sm">
          <NavLink
            component="a"
            href="/verify"
            label="Verify a receipt"
            leftSection={<IconShieldCheck size={18} aria-hidden />}
            style={{ borderRadius: 8 }}
          />
        </Box>
      </AppShell.Navbar>
      <AppShell.Main id="main">
        <Box maw={1240} mx="auto">
          {children}
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}

/** Whose key this is, and the way out. */
function WhoMenu() {
  const { who, signOut } = useSession();
  const [error, setError] = useState<unknown>(null);
  const leave = () => void signOut().catch(setError);
  return (
    <Menu position="bottom-end" width={280} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton px={6} py={4} style={{ borderRadius: 8 }}>
          <span className="visually-hidden">{`signed in: ${who.customerId ?? who.tenant}, ${who.key.scope} key`}</span>
          <Group gap={6} wrap="nowrap" aria-hidden>
            <Box visibleFrom="xs" ta="right" lh={1.2}>
              <Text fz="sm" fw={600}>
                {who.customerId ?? who.tenant}
              </Text>
              <Text fz="xs" c="dimmed">
                {who.key.scope} key
              </Text>
            </Box>
            <IconChevronDown size={16} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {who.key.label ?? "a key"} · {who.key.publicId}
        </Menu.Label>
        {error !== null && <Failure error={error} />}
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
