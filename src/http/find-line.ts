/** What is known of every line of a table of paths. A part of a path that begins with a colon stands for any text. */
type Line = { method: string; path: string };

/** The line that a request is for, and what stands for the parameters of its path, decoded. */
export type Found<L> = { line: L; params: Readonly<Record<string, string>> };

/** Lines below one beginning of a path: by their next part, and those whose next part is a parameter. */
type Branch<L> = { line: L | undefined; parts: Map<string, Branch<L>>; parameter: Branch<L> | undefined };

const NONE: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Finds lines by method and path: a path that is written out in the table by one look, the others part by part. A part that is written out
 * goes before a parameter; upper and lower case are the same, and one slash at the end is none.
 *
 * @returns undefined for what is no line of the table; HEAD is GET.
 * @throws URIError for a parameter that is not UTF-8 in percent-encoding, whatever the method.
 */
export function openLines<L extends Line>(lines: readonly L[]): (method: string, path: string) => Found<L> | undefined {
  const written = new Map<string, Map<string, Found<L>>>();
  const roots = new Map<string, Branch<L>>();
  for (const line of lines) {
    const { method, path } = line;
    if (!path.includes("/:")) keyed(written, method, () => new Map()).set(path, { line, params: NONE });
    let branch = keyed(roots, method, emptyBranch<L>);
    for (const part of partsOf(path)) {
      if (part.startsWith(":")) branch = branch.parameter ??= emptyBranch<L>();
      else branch = keyed(branch.parts, part, emptyBranch<L>);
    }
    if (branch.line) throw new Error(`${method} ${path} is in the table twice`);
    branch.line = line;
  }

  function byParts(root: Branch<L> | undefined, parts: readonly string[]): Found<L> | undefined {
    const line = root && lineAt(root, parts, 0);
    if (!line) return undefined;
    const params: Record<string, string> = {};
    for (const [i, name] of partsOf(line.path).entries()) {
      if (name.startsWith(":")) params[name.slice(1)] = decoded(parts[i]!);
    }
    return { line, params };
  }

  return (sent, path) => {
    const method = sent === "HEAD" ? "GET" : sent;
    const found = written.get(method)?.get(path);
    if (found) return found;
    const parts = partsOf(path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path);
    const one = byParts(roots.get(method), parts);
    if (one || !path.includes("%")) return one;
    for (const [other, root] of roots) if (other !== method) byParts(root, parts);
    return undefined;
  };
}

function lineAt<L>({ line, parts, parameter }: Branch<L>, wanted: readonly string[], at: number): L | undefined {
  if (at === wanted.length) return line;
  const part = wanted[at]!;
  const branch = parts.get(part) ?? parts.get(part.toLowerCase());
  return (
    (branch && lineAt(branch, wanted, at + 1)) ??
    (parameter && part !== "" ? lineAt(parameter, wanted, at + 1) : undefined)
  );
}

function partsOf(path: string): string[] {
  return path.slice(1).split("/");
}

function decoded(part: string): string {
  return part.includes("%") ? decodeURIComponent(part) : part;
}

function emptyBranch<L>(): Branch<L> {
  return { line: undefined, parts: new Map(), parameter: undefined };
}

function keyed<K, V>(map: Map<K, V>, key: K, fresh: () => V): V {
  const found = map.get(key) ?? fresh();
  map.set(key, found);
  return found;
}
