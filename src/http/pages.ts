import { existsSync, readFileSync } from "node:fs";
import { APP_POLICY, PUBLIC_POLICY } from "./protection.ts";

/** The pages for people: which document is at which path, and the files that were built for them. */

/** Where `npm run build` puts them: at the same place seen from the sources and from the package. */
const BUILT = new URL("../../dist/dashboard/", import.meta.url);

/** A document with the paths that its own navigation knows. The dashboard asks for a key; the other needs none. */
export const DOCUMENTS = [
  {
    file: "index.html",
    policy: APP_POLICY,
    paths: [
      "/",
      "/ledgers",
      "/ledgers/:customerId",
      "/compare",
      "/checkpoints",
      "/checkpoints/:checkpointId",
      "/log",
      "/webhooks",
      "/keys",
      "/settings",
      "/sign-in",
    ],
  },
  {
    file: "public.html",
    policy: PUBLIC_POLICY,
    paths: ["/verify", "/verify/:fingerprint", "/anchors", "/anchors/:index", "/contract"],
  },
] as const;

/** The path of a file of the build. */
export const ASSETS = "/assets/:file";

/** Every path that this answers, as lines of the same form as those of the API. */
export const PAGE_LINES = [...DOCUMENTS.flatMap(({ paths }) => paths), ASSETS].map((path) => ({
  method: "GET" as const,
  path,
}));

/** Compressed forms, best first. */
export const ENCODINGS = ["br", "gzip"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** One file of the build, in every form that it is sent in. `lasting`: its name changes with its content. */
export type PageFile = {
  mediaType: string;
  lasting: boolean;
  sha256: string;
  bodies: ReadonlyMap<Encoding | "identity", Uint8Array>;
};

/** The files by their path in the build. Undefined where nothing was built, as in an install without the tools for it. */
export type Pages = ReadonlyMap<string, PageFile> | undefined;

/** `files.json`, as the build writes it. */
type List = {
  files: {
    name: string;
    mediaType: string;
    lasting: boolean;
    sha256: string;
    encodings: { encoding: Encoding; file: string }[];
  }[];
};

/**
 * Reads the build, once: what is served is what the list names, so that no path of a request ever touches the file system, and a build
 * that is replaced meanwhile is not served by halves.
 */
export function readPages(folder: URL = BUILT): Pages {
  const list = new URL("files.json", folder);
  if (!existsSync(list)) return undefined;
  const { files } = JSON.parse(readFileSync(list, "utf8")) as List;
  const read = (name: string) => readFileSync(new URL(name, folder));
  return new Map(
    files.map(({ name, encodings, ...file }) => {
      const compressed = encodings.map(({ encoding, file }) => [encoding, read(file)] as const);
      return [name, { ...file, bodies: new Map([["identity", read(name)], ...compressed]) }];
    }),
  );
}
