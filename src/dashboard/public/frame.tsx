import { Box, Group } from "@mantine/core";
import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { Brand } from "../look/brand.tsx";
import { SchemeSwitch } from "./scheme-switch.tsx";

const PLACES = [
  { path: "/verify", name: "Verify" },
  { path: "/anchors", name: "Anchors" },
  { path: "/contract", name: "Contract" },
] as const;

type Props = {
  /** The page was opened from a file: there is no server to go to. */
  saved: boolean;
  children: React.ReactNode;
};

/** Header, navigation and the room for a screen. */
export function Frame({ saved, children }: Props) {
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <Box component="header" className="public-header no-print">
        <Group className="public-width" justify="space-between" wrap="nowrap" gap="sm">
          <Brand />
          <Group gap={4} wrap="nowrap">
            {!saved && <Places main={main} />}
            <SchemeSwitch />
          </Group>
        </Group>
      </Box>
      <Box component="main" id="main" ref={main} className="public-width public-main">
        {children}
      </Box>
      <Box component="footer" className="public-width public-footer no-print">
        {saved
          ? "This page was saved with its evidence. It asks nobody but the endpoint of the chain that you give it."
          : "Nobody needs an account here. Files that you drop are read in this browser and sent nowhere."}
      </Box>
    </>
  );
}

/** After a change of screen the keyboard is at its heading, as after a page load. */
function Places({ main }: { main: React.RefObject<HTMLElement | null> }) {
  const [path] = useLocation();
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path, main]);
  return (
    <Box component="nav" aria-label="Main" className="public-nav">
      {PLACES.map(({ path: to, name }) => (
        <Link
          key={to}
          href={to}
          {...((path === to || path.startsWith(`${to}/`)) && { "aria-current": "page" as const })}
        >
          {name}
        </Link>
      ))}
      <a href="/">Dashboard</a>
    </Box>
  );
}
