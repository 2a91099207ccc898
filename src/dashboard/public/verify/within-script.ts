/**
 * A program in the form in which no text of it ends or nests the element that it stands in. Each replacement means the same in
 * JavaScript: in strings, in regular expressions and, where it is a name behind a comparison, in code.
 *
 * @see HTML, "Restrictions for contents of script elements"
 */
export function withinScript(program: string): string {
  return program
    .replaceAll("<!--", "\\x3c!--")
    .replace(/<(s)(?=cript)/gi, (_, s) => (s === "s" ? "<\\u0073" : "<\\u0053"))
    .replace(/<\/(?=script)/gi, "<\\/");
}
