import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { theme, variables } from "./theme.ts";
import "@mantine/core/styles.css";
import "./global.css";

const schemes = localStorageColorSchemeManager({ key: "tallyroot.color-scheme" });

/** Theme and styles, of both applications. */
export function Look({ children }: { children: React.ReactNode }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
    >
      {children}
    </MantineProvider>
  );
}
