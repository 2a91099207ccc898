import { spawn } from "node:child_process";
import type { Hex } from "../../core/bytes.ts";
import { PublisherKeyError } from "./key-error.ts";
import { privateKeyIn } from "./private-key.ts";

/** Milliseconds that the command may take: somebody may have to touch a security key. */
const COMMAND_MS = 60_000;
/** Bytes that it may write: a key has 66, and a line's end. */
const MAX_OUTPUT_BYTES = 1024;

/**
 * The private key that a command prints on its standard output, such as the client of a secret manager.
 *
 * It goes through no shell. Neither its output nor what it writes on its standard error gets anywhere else, since either may hold a secret.
 *
 * @param words the program and its arguments.
 * @param environment what it sees of the environment.
 * @throws PublisherKeyError when it cannot be run, takes too long, fails, or prints something else than a key.
 */
export async function keyFromCommand(
  words: readonly [program: string, ...words: string[]],
  environment: Readonly<Record<string, string | undefined>>,
  { milliseconds = COMMAND_MS }: { milliseconds?: number } = {},
): Promise<Hex> {
  const [program, ...rest] = words;
  const called = `the command ${program} for the publisher's key`;
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(program, rest, { env: { ...environment }, stdio: ["ignore", "pipe", "ignore"], shell: false });
    let text = "";
    const end = (why: string | undefined) => {
      clearTimeout(patience);
      child.kill("SIGKILL");
      // A process that the command has left behind may hold its output open.
      child.stdout.destroy();
      if (why === undefined) resolve(text);
      else reject(new PublisherKeyError(`${called} ${why}`));
    };
    const patience = setTimeout(() => end(`gave no answer within ${milliseconds / 1000} s`), milliseconds);
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.length > MAX_OUTPUT_BYTES) end(`printed more than ${MAX_OUTPUT_BYTES} bytes`);
    });
    child.once("error", (error: NodeJS.ErrnoException) => end(`cannot be run (${error.code ?? error.name})`));
    child.once("close", (code, signal) =>
      end(code === 0 ? undefined : `ended with ${code ?? signal}: run it by hand to see why`),
    );
  });
  return privateKeyIn(output, `what ${called} prints`);
}
