/**
 * Words that are not used here, and what is used instead. The patterns are run over the code (comments and strings blanked),
 * the whole text, or the names of files and folders.
 */

export type Word = {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly within: "code" | "text" | "path";
  /** Beginnings of the paths it applies to; everything when left out. */
  readonly only?: readonly string[];
  /** Beginnings of the paths it does not apply to. */
  readonly except?: readonly string[];
};

export const WORDS: readonly Word[] = [
  {
    pattern: /(?:^|[/._-])(?:utils?|helpers?|common|libs?|services?|models?|misc|shared|managers?)(?=[/._-]|$)/i,
    instead: "name it after what the product does there",
    within: "path",
  },
  {
    pattern: /\b(?:parseFloat|toFixed|toPrecision)\b/,
    instead: "amounts are bigint: core/amount.ts",
    within: "code",
    only: ["src/"],
  },
  { pattern: /\bMath\.random\b/, instead: "node:crypto, or a seeded generator that can be replayed", within: "code" },
  {
    pattern: /\w*(?:Utils?|Helpers?|Manager)\b/,
    instead: "a name that says what it does",
    within: "code",
    // The component library calls it so.
    except: ["src/dashboard/look/look.tsx"],
  },
  { pattern: /\bexport\s+default\b/, instead: "a named export", within: "code", except: ["hardhat.config.ts"] },
  { pattern: /\b(?:eval|new\s+Function)\s*\(/, instead: "code that is in a file", within: "code", only: ["src/"] },
  { pattern: /\binnerHTML\b|\bdangerouslySetInnerHTML\b/, instead: "textContent", within: "code", only: ["src/"] },
  { pattern: /\bconsole\.\w+/, instead: "the logger, or process.stdout in a command", within: "code", only: ["src/"] },
  {
    pattern: /\bcatch\s*(?:\(\w*\)\s*)?\{\s*\}/,
    instead: "nothing is caught to carry on: handle it or let it pass",
    within: "code",
  },
  { pattern: /\b(?:white|black)[- ]?list/i, instead: "allowed, refused", within: "text" },
  { pattern: /@ts-(?:ignore|nocheck)\b/, instead: "a type that is true", within: "text" },
  {
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    instead: "do it now, or write down in README what it does not do",
    within: "text",
  },
  {
    pattern: /\b(?:describe|context|suite|it|test|specify)\.(?:only|skip)\b/,
    instead: "a test that runs",
    within: "code",
  },
  { pattern: /\bx(?:it|describe|context|specify)\s*\(|\bthis\.skip\s*\(/, instead: "a test that runs", within: "code" },
  { pattern: /\b(?:issue|pull request|PR|ticket) #?\d+/i, instead: "the reason itself", within: "text" },
  {
    pattern: /(?<![\w.~-])\/(?:work|root|home|Users)\/[\w.-]+/,
    instead: "a path relative to the repository: others have no such folder",
    within: "text",
  },
  {
    pattern: /\bregistry\.\w|\b(?:artifactory|verdaccio|jfrog)\b|_authToken\b/i,
    instead: "nothing: whoever installs it has a registry configured",
    within: "text",
    except: ["package-lock.json"],
  },
];
