/**
 * The words of a command line: separated by spaces, or a JSON list of texts where a word has a space in it. Undefined for what only a shell
 * would understand, so that nobody believes in a quote or a variable that means nothing here.
 */
export function commandWords(text: string): [program: string, ...words: string[]] | undefined {
  const list = text.trimStart().startsWith("[") ? listIn(text) : plainWords(text);
  const [program, ...words] = list ?? [];
  return program ? [program, ...words] : undefined;
}

function plainWords(text: string): string[] | undefined {
  return /["'`$\\|&;<>*?~(){}]/.test(text) ? undefined : text.split(/\s+/).filter((word) => word !== "");
}

function listIn(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((word): word is string => typeof word === "string") ? list : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
