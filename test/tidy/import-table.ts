/**
 * Who may import whom, and where each dependency lives. A new import that fails here asks a question of design: is this the
 * right place for it? If it is, it gets a row or an entry below, with the reason; if not, the code moves.
 */

/** Everything of ours: only for the files that wire the parts together. */
const ALL = ["."];

/** What it takes to audit a whole record. */
const AUDITING = [
  "audit",
  "bundle",
  "chain",
  "cli/verify",
  "core",
  "fast-keccak.ts",
  "ledger/seal.ts",
  "storage/postgres/audit-view.ts",
  "storage/postgres/hosts.ts",
  "storage/postgres/look.ts",
  "storage/refused.ts",
  "storage/sqlite",
  "witness",
];

/**
 * Inside src: a folder or file, and the folders, files or beginnings of file names it may import besides itself. The longest
 * matching row counts.
 */
export const MAY_IMPORT: ReadonlyArray<readonly [from: string, may: readonly string[]]> = [
  ["core", []],
  // Entries of the package: what others may import of the core, and what is known of the contract before it is deployed.
  ["core.ts", ["core"]],
  ["contracts.ts", ["chain/anchor-log-abi.ts", "chain/compiled-code.ts", "chain/deterministic-address.ts", "core"]],
  ["wire", ["core"]],
  ["ledger", ["core"]],
  // The audit derives with the arithmetic that records and seals, and reads through a port of its own.
  ["audit", ["core", "ledger/calendar.ts", "ledger/compose.ts", "ledger/keyring.ts", "ledger/ports", "ledger/seal.ts"]],
  // A store fills in the sequence, balance and seals inside its own transaction, with the ledger's arithmetic.
  [
    "storage",
    [
      // What the audit reads is a port like those of the ledger.
      "audit/port.ts",
      "audit/findings.ts",
      "core",
      "ledger/ports",
      "ledger/calendar.ts",
      "ledger/compose.ts",
      "ledger/seal.ts",
      "ledger/keyring.ts",
      "ledger/request-id.ts",
      "storage/sqlite/recording-thread.ts",
    ],
  ],
  // The recording thread's own composition root, and the main thread's hold on it.
  ["storage/sqlite/recording-job.ts", ["core", "fast-keccak.ts", "storage/sqlite"]],
  [
    "storage/sqlite/recording-thread.ts",
    ["compile-cache.ts", "core", "ledger/ports", "storage/sqlite", "storage/writer-refusals.ts"],
  ],
  // Questions to any chain over JSON-RPC: no key, no embedded chain, no client library. It runs wherever core does, and fetch is.
  ["witness", ["core"]],
  // The compiler's output is the contract's bytecode.
  // What has to be installed for the embedded chain stands in package.json.
  ["chain", ["compile-cache.ts", "core", "ledger/ports", "witness", "../artifacts/contracts", "../package.json"]],
  // A delivery's body is a message like an answer, and is made from the record when it is sent.
  ["webhooks", ["core", "wire", "ledger/ports", "ledger/contents.ts", "ledger/webhook"]],
  ["http", ["http/docs.ts", "http/pages.ts", "ledger", "wire", "core"]],
  // The page links to the README, and both are served from where they are.
  ["http/docs.ts", ["http/docs", "../README.md"]],
  // The pages are built apart, and served from where they are.
  ["http/pages.ts", ["http/protection.ts", "../dist/dashboard"]],
  ["sdk", ["wire", "core", "witness"]],
  // The binary tells its version.
  ["cli", ["cli/commands", "sdk", "wire", "core", "fast-keccak.ts", "../package.json"]],
  // Its commands load what they need when they are run, so that each starts as fast as it can.
  ["cli/commands", ["cli", "bundle/export.ts", "wire/sign-in.ts", "witness/endpoint.ts"]],
  ["cli/commands/demo.ts", ["cli", "storage/sqlite/needed-node.ts", "../scripts/demo.ts"]],
  ["cli/commands/serve.ts", ["cli", "heaps.ts", "main.ts", "storage/sqlite/needed-node.ts"]],
  // A backup is a copy of one data directory, looked through by the audit before it is called done.
  [
    "cli/backup",
    [
      "bundle",
      "chain/embedded/journal-format.ts",
      "cli",
      "cli/audit",
      "core",
      "fast-keccak.ts",
      "ledger/seal.ts",
      "storage/refused.ts",
      "storage/sqlite",
    ],
  ],
  ["cli/import", ["cli", "bundle", "sdk", "wire/json.ts"]],
  ["cli/compare", ["cli"]],
  // The compiler's settings and input are what explorers ask for.
  [
    "cli/deploy",
    [
      "cli",
      "chain/deployment",
      "chain/deterministic-address.ts",
      "chain/keys",
      "chain/payer.ts",
      "config.ts",
      "core",
      "../contracts/deployments",
      "../hardhat.config.ts",
    ],
  ],
  // A move ends with an audit of what is there then, also against the chain in the directory.
  [
    "cli/migrate",
    [
      "audit",
      "chain/embedded/start.ts",
      "chain/keys/publisher-key.ts",
      "cli",
      "cli/audit",
      "config.ts",
      "core",
      "fast-keccak.ts",
      "storage/postgres/move-in/move.ts",
      "storage/postgres/move-out/move.ts",
      "storage/refused.ts",
      "storage/sqlite/database.ts",
    ],
  ],
  // Makes a bundle of a directory, or of a copy of a database.
  ["cli/export", ["cli", "bundle", "storage/postgres/move-out", "storage/refused.ts"]],
  // Looks at the settings, the database and the chain of a server that may not run.
  [
    "cli/doctor",
    [
      "cli",
      "chain/compiled-code.ts",
      "chain/deterministic-address.ts",
      "chain/fees.ts",
      "chain/keys",
      "chain/publisher.ts",
      "config.ts",
      "core",
      "jobs/chain-health.ts",
      "storage/postgres/look.ts",
      "storage/refused.ts",
      "storage/sqlite/database.ts",
      "storage/sqlite/moved-away.ts",
      "storage/sqlite/snapshot.ts",
      "witness",
    ],
  ],
  ["cli/listen", ["cli", "sdk"]],
  // Whoever verifies runs arithmetic and questions to a chain, and nothing of the server, its messages or its database.
  ["cli/verify.ts", ["cli/verify"]],
  ["cli/verify", ["core", "fast-keccak.ts", "witness"]],
  ["cli/policy.ts", ["cli/policy"]],
  ["cli/policy", ["cli/verify", "core", "chain/compiled-code.ts", "chain/deterministic-address.ts", "witness"]],
  // Whoever brings evidence verifies nothing of the server's either; it reads files as verify does, and sends one transaction.
  ["cli/prove.ts", ["cli/prove"]],
  ["cli/prove", ["cli/verify", "core", "chain/court", "fast-keccak.ts"]],
  // A bundle is a copy of one data directory: the database's rows, the embedded chain's journal, the keys.
  ["bundle", ["core", "ledger/seal.ts", "storage/refused.ts", "storage/sqlite"]],
  // An audit reads a copy of the database and asks the chain; the master key opens contents.
  ["cli/audit.ts", ["cli/audit", ...AUDITING]],
  ["cli/audit", ["cli/progress-bar.ts", "compile-cache.ts", ...AUDITING]],
  // The pages speak the public API through the client. They show the contract's source, and pin the code that it compiles to.
  ["dashboard", ["sdk", "wire", "core", "witness"]],
  [
    "dashboard/public",
    ["dashboard/look", "sdk", "core", "witness", "contracts.ts", "../contracts", "../artifacts/contracts"],
  ],
  // How the pages are built, and what of the contract is built into them.
  ["dashboard/vite.config.ts", ["dashboard"]],
  [
    "dashboard/public/contract-parts.ts",
    ["core", "dashboard/public/contract", "../contracts", "../artifacts", "../node_modules/@openzeppelin"],
  ],
  ["logging", ["core"]],
  ["fast-keccak.ts", ["core"]],
  ["config.ts", ["chain/keys", "setting-kinds.ts"]],
  ["setting-kinds.ts", ["core"]],
  ["welcome.ts", ["chain/establish.ts"]],
  // Looks at the calendar for main.
  ["month-closing.ts", ["ledger"]],
  // What main does once.
  ["first-start.ts", ["ledger", "storage/data-directory.ts", "wire/sign-in.ts"]],
  // The composition root.
  ["main.ts", ALL],
  // What keeps compiled code comes before everything that is to be kept.
  ["start.ts", ["compile-cache.ts", "heaps.ts", "main.ts"]],
  // What runs beside the API: the worker's own composition root, the main thread's hold on it, the calendar.
  // What the chain makes it wait for, and what to do about that, is told in the chain's words.
  [
    "jobs",
    [
      "chain/anchor-log.ts",
      "chain/endpoint-set.ts",
      "chain/fees.ts",
      "chain/waits.ts",
      "compile-cache.ts",
      "core",
      "ledger",
      "jobs/checkpoint-job.ts",
      "storage/sqlite/database.ts",
      "witness/finality.ts",
    ],
  ],
  ["jobs/checkpoint-job.ts", ALL],
  // Its hold on the record, in each engine.
  ["jobs/sqlite-record.ts", ["jobs", "storage/sqlite"]],
  ["jobs/postgres-record.ts", ["core", "jobs", "storage/postgres"]],
];

/** Packages and built-in modules that src may import, and the only places that may. */
export const HOMES: ReadonlyArray<readonly [module: string, homes: readonly string[]]> = [
  ["@noble/hashes", ["core"]],
  ["better-sqlite3", ["storage/sqlite"]],
  ["canonicalize", ["core"]],
  ["cli-progress", ["cli"]],
  ["csv-parse", ["cli", "dashboard"]],
  ["express", ["http"]],
  ["hardhat", ["chain/embedded"]],
  ["hash-wasm", ["fast-keccak.ts"]],
  ["helmet", ["http"]],
  ["ipaddr.js", ["webhooks", "http/rate-limit.ts"]],
  ["ox", ["chain/keys"]],
  ["pg", ["storage/postgres"]],
  ["pino", ["main.ts", "logging"]],
  ["prom-client", ["cli/audit", "http/metrics.ts"]],
  ["rate-limiter-flexible", ["http/rate-limit.ts"]],
  ["standardwebhooks", ["webhooks"]],
  ["viem", ["chain"]],
  ["yargs", ["cli/command.ts", "cli/program.ts", "cli/verbatim.ts"]],
  ["zod", ["wire", "http", "config.ts", "setting-kinds.ts"]],

  // The pages, and nothing that runs on the server.
  ["@mantine/charts", ["dashboard"]],
  ["@mantine/core", ["dashboard"]],
  ["@mantine/dropzone", ["dashboard"]],
  ["@mantine/hooks", ["dashboard"]],
  ["@mantine/notifications", ["dashboard"]],
  ["@tabler/icons-react", ["dashboard"]],
  ["@tanstack/react-query", ["dashboard"]],
  ["@vitejs/plugin-react", ["dashboard/vite.config.ts"]],
  ["react", ["dashboard"]],
  ["react-dom", ["dashboard"]],
  ["uqr", ["dashboard"]],
  ["vite", ["dashboard/public/contract-parts.ts", "dashboard/vite.config.ts"]],
  ["wouter", ["dashboard"]],

  // Keys, seals and salts are made in ledger; a store hashes API keys, a webhook is signed, a secret compared.
  [
    "node:crypto",
    [
      "audit",
      "bundle",
      "cli/import",
      "dashboard/public/contract-parts.ts",
      "ledger",
      "storage",
      "webhooks",
      "http",
      "main.ts",
      "config.ts",
    ],
  ],
  // The demonstration is a program of its own.
  ["node:child_process", ["chain/keys", "cli/commands/demo.ts"]],
  // Names are resolved where the address is judged, and nowhere else.
  ["node:dns", ["webhooks"]],
  ["node:events", ["cli/audit", "cli/commands/demo.ts", "cli/listen", "main.ts"]],
  [
    "node:fs",
    [
      "bundle",
      "storage",
      "chain",
      "cli",
      "contracts.ts",
      "dashboard/public/contract-parts.ts",
      "http/docs.ts",
      "http/pages.ts",
      "main.ts",
      "config.ts",
    ],
  ],
  // The audit that goes on serves its figures.
  ["node:http", ["cli/audit", "cli/listen", "chain/embedded", "http", "webhooks", "main.ts"]],
  ["node:https", ["webhooks"]],
  ["node:module", ["chain/embedded", "compile-cache.ts"]],
  ["node:net", ["chain/embedded", "cli/listen", "http", "webhooks", "main.ts"]],
  ["node:os", ["cli/audit", "config.ts", "jobs", "main.ts"]],
  ["node:path", ["bundle", "storage", "chain/embedded", "compile-cache.ts", "cli", "http", "main.ts", "config.ts"]],
  ["node:stream", ["http"]],
  ["node:timers", ["chain", "cli/audit", "ledger", "storage", "webhooks", "main.ts", "jobs"]],
  ["node:url", ["cli/commands/demo.ts", "cli/deploy", "dashboard/vite.config.ts", "http", "main.ts"]],
  ["node:util", ["cli"]],
  // How much room the garbage of a million rows gets.
  ["node:v8", ["heaps.ts"]],
  ["node:worker_threads", ["chain/embedded", "cli/audit", "jobs", "storage/sqlite"]],
];

/** What core must not touch, and why. It is arithmetic: the same answer everywhere, also in a browser. */
export const NOT_IN_CORE: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/(?<!\.)\bDate\b/, "no clock: take the time as an argument"],
  [/\bMath\.random\b/, "no randomness: take the bytes as an argument"],
  [/(?<!\.)\bcrypto\b/, "no randomness or platform hashing: take the bytes or the hash as an argument"],
  [/\bPromise\b|\basync\b|\bawait\b/, "no promises: core answers at once"],
  [/(?<!\.)\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, "no timers: core answers at once"],
  [/(?<!\.)\bperformance\b/, "no clock: take the time as an argument"],
  [/(?<!\.)\b(?:fetch|XMLHttpRequest|WebSocket)\s*\(/, "no network: take the answer as an argument"],
  [/(?<!\.)\bconsole\b/, "no output: return a value or throw"],
  [/(?<!\.)\bprocess\b(?!\s*:)/, "no process: core also runs in a browser"],
  [/(?<!\.)\bBuffer\b/, "no Buffer: core also runs in a browser; use Uint8Array"],
];
