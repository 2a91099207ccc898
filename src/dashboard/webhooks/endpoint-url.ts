/** What is wrong with a URL that somebody typed, in words; null where the server can be asked. */
export function urlProblem(text: string): string | null {
  if (text === "") return "Say where the events are to be posted to.";
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text))
    return "This is no URL. One looks like https://example.com/hooks.";
  return null;
}

/** The server's refusal of a URL, in words for a person, with what to do. */
export function urlRefusal(message: string): string {
  if (message === "must be https")
    return "This server delivers to https only. Its operator can allow plain http with TALLYROOT_WEBHOOK_ALLOW_PRIVATE=true.";
  if (message.includes("private network"))
    return "This address is in a private network, where this server does not deliver to: a webhook must not reach what only the server can. Its operator can allow it with TALLYROOT_WEBHOOK_ALLOW_PRIVATE=true.";
  if (message.includes("user name"))
    return "The URL holds a user name or a password. Leave it out: the signature shows who sent a delivery.";
  return `The server refused this URL: it ${message}.`;
}
