import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { InlineConfig, Plugin } from "vite";
import { contractParts } from "./public/contract-parts.ts";

const root = fileURLToPath(new URL(".", import.meta.url));

/**
 * How the two applications are built. The dashboard is split, so that the first screen is there early. The public page is one classic
 * script: browsers load no modules from files, and that page has to work when somebody has saved it.
 */
export function dashboardBuilds(outDir: string): InlineConfig[] {
  const shared = {
    root,
    configFile: false,
    plugins: [react()],
    publicDir: "static",
    logLevel: "warn",
  } satisfies InlineConfig;
  return [
    {
      ...shared,
      build: {
        outDir,
        emptyOutDir: true,
        modulePreload: { polyfill: false },
        // Inlined files would need data: in the content security policy.
        assetsInlineLimit: 0,
        chunkSizeWarningLimit: 700,
        rolldownOptions: { input: `${root}index.html` },
      },
    },
    {
      ...shared,
      plugins: [...shared.plugins, contractParts(), classicScript()],
      publicDir: false,
      build: {
        outDir,
        emptyOutDir: false,
        modulePreload: false,
        assetsInlineLimit: 0,
        cssCodeSplit: false,
        chunkSizeWarningLimit: 1500,
        rolldownOptions: {
          input: `${root}public.html`,
          output: { format: "iife", codeSplitting: false, entryFileNames: "assets/public-[hash].js" },
        },
      },
    },
  ];
}

/** Vite writes `type="module"` whatever the format is. */
function classicScript(): Plugin {
  return {
    name: "classic-script",
    enforce: "post",
    transformIndexHtml: (html) => html.replace(/<script type="module" crossorigin/, "<script defer"),
  };
}
