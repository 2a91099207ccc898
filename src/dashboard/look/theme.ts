import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** Teal, dark enough that white text on shade 8 and shade 8 on white have a contrast of 4.5 and more (WCAG 2.2, 1.4.3). */
const root: MantineColorsTuple = [
  "#e8f7f3",
  "#d2ebe5",
  "#a6d8cc",
  "#77c4b2",
  "#4eb09b",
  "#2f9c87",
  "#16846f",
  "#0b7263",
  "#0b5f5c",
  "#064a48",
];

export const theme = createTheme({
  primaryColor: "root",
  primaryShade: { light: 8, dark: 6 },
  colors: { root },
  autoContrast: true,
  luminanceThreshold: 0.36,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
});

/** Colours that keep a contrast of 4.5 on every background that they are used on. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f7f8f8",
    "--mantine-color-dimmed": "#52606b",
    "--mantine-color-error": "#a8201a",
    "--mantine-color-placeholder": "#5f6b75",
    "--surface": "#ffffff",
    "--line": "#dfe4e6",
    "--good": "#0b6b3a",
    "--good-soft": "#e2f4e9",
    "--wait": "#7a4a00",
    "--wait-soft": "#fdf0d9",
    "--bad": "#a8201a",
    "--bad-soft": "#fdeceb",
    "--info": "#1d4f91",
    "--info-soft": "#e6effa",
    "--accent": "#0b5f5c",
  },
  dark: {
    "--mantine-color-body": "#12181b",
    "--mantine-color-dimmed": "#a6b3ba",
    "--mantine-color-error": "#ff9d96",
    "--mantine-color-placeholder": "#93a1a9",
    "--surface": "#1a2226",
    "--line": "#303b41",
    "--good": "#7ad9a3",
    "--good-soft": "#153526",
    "--wait": "#f2c370",
    "--wait-soft": "#3a2d12",
    "--bad": "#ff9d96",
    "--bad-soft": "#44201e",
    "--info": "#9cc4f5",
    "--info-soft": "#1a2e47",
    "--accent": "#77c4b2",
  },
});
