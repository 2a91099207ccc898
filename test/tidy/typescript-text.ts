/**
 * TypeScript 7 has no parser to call, so this reads the source as text. It knows just enough of the language to tell code from
 * comments, strings, templates and regular expressions, which is what a plain search gets wrong.
 */

const SPACE = /[^\n]/g;
const KEYWORD_BEFORE_REGEX = /\b(?:return|typeof|case|in|of|await|yield|void|delete|do|else|throw|new|instanceof)$/;

/**
 * The same text with comments blanked, and with the contents of strings, templates (their `${}` parts stay code) and regular
 * expressions blanked too. Every character keeps its position and every line its number.
 */
export function codeOf(source: string): string {
  let out = "";
  let at = 0;
  /** For each template we are inside of: how many braces are open in its current `${}`. */
  const templates: number[] = [];
  const blank = (end: number) => {
    out += source.slice(at, end).replace(SPACE, " ");
    at = end;
  };
  const keep = (count: number) => {
    out += source.slice(at, at + count);
    at += count;
  };
  const endOf = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    return found === null ? source.length : found.index + found[0].length;
  };
  /** The end of what begins here and ends on the same line; undefined where it does not: an apostrophe or a slash in the text of JSX. */
  const endOnLine = (pattern: RegExp): number | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    return found === null ? undefined : found.index + found[0].length;
  };
  const template = () => {
    const end = endOf(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y);
    const opensCode = source.slice(end - 2, end) === "${";
    blank(opensCode ? end - 2 : end - 1);
    keep(opensCode ? 2 : 1);
    if (opensCode) templates.push(0);
  };

  while (at < source.length) {
    const here = source[at]!;
    const next = source[at + 1];
    if (here === "/" && next === "/") blank(endOf(/[^\n]*/y));
    else if (here === "/" && next === "*") blank(endOf(/\/\*[\s\S]*?\*\//y));
    else if (here === '"' || here === "'") {
      const end = endOnLine(here === '"' ? /"(?:[^"\\\n]|\\[\s\S])*"/y : /'(?:[^'\\\n]|\\[\s\S])*'/y);
      keep(1);
      if (end !== undefined) {
        blank(end - 1);
        keep(1);
      }
    } else if (here === "`") {
      keep(1);
      template();
    } else if (here === "/" && startsRegex(out)) {
      const end = endOnLine(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y);
      if (end === undefined) keep(1);
      else blank(end);
    } else if (here === "}" && templates.at(-1) === 0) {
      templates.pop();
      keep(1);
      template();
    } else {
      const open = templates.length - 1;
      if (open >= 0 && here === "{") templates[open]!++;
      if (open >= 0 && here === "}") templates[open]!--;
      keep(1);
    }
  }
  return out;
}

/** A slash begins a regular expression where a value may begin, and is a division where one has just ended. */
function startsRegex(before: string): boolean {
  const code = before.trimEnd();
  return code === "" || /[([{,;:=!?&|+\-*%~^<>]$/.test(code) || KEYWORD_BEFORE_REGEX.test(code);
}

/** The position after the bracket that closes the one at `open`; the text must be `codeOf` something. */
export function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if ("([{".includes(code[at]!)) depth++;
    if (")]}".includes(code[at]!) && --depth === 0) return at + 1;
  }
  return code.length;
}

export type Import = { readonly specifier: string; readonly line: number; readonly typeOnly: boolean };

const IMPORTS = [
  /(?<![.\w$])(?:import|export)(?<kind>\s+type)?\b(?!\s*\()[^;"'()=]*?\bfrom\s*["']/g,
  /(?<![.\w$])import\s*["']/g,
  /(?<![.\w$])(?:import|require)\s*\(\s*["']/g,
  // A worker thread is started from a file, and depends on it as an import does.
  /\bnew\s+URL\s*\(\s*["'](?=[^"']*["']\s*,\s*import\.meta\.url)/g,
];

/** Every module that a source text names, whether imported, re-exported, loaded later or started as a worker. */
export function importsOf(source: string): Import[] {
  const code = codeOf(source);
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => {
      const start = match.index + match[0].length;
      const specifier = source.slice(start, code.indexOf(code[start - 1]!, start));
      return {
        specifier,
        line: code.slice(0, start).split("\n").length,
        typeOnly: match.groups?.kind !== undefined,
      };
    }),
  ).sort((a, b) => a.line - b.line);
}
