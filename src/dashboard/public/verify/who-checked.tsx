import { Text } from "@mantine/core";
import { Surface } from "../../look/surface.tsx";
import type { Progress } from "./check.ts";
import { PIN_LABELS } from "./pin-labels.ts";
import type { Pin, PinName, Pins, Word } from "./pins.ts";

type Props = {
  progress: Progress;
  endpoints: readonly string[];
  endpointsWord: "you" | "server" | "saved";
  /** The server's word is from when the page was saved. */
  saved: boolean;
  /** Where the file came from, as a sentence. */
  origin: string;
};

/** Who checked what, whose word the rest is, and what nobody checked. */
export function WhoChecked({ progress: { verdict, steps, pins }, endpoints, endpointsWord, saved, origin }: Props) {
  if (!verdict) return null;
  const here = steps.filter(({ step, outcome }) => step < 6 && outcome !== "skipped").map(({ step }) => step);
  const chain = steps.find(({ step }) => step === 6);
  const words = wordsOf(saved);
  return (
    <Surface title="Who checked what">
      <ul className="plain-list">
        <li>{origin}</li>
        <li>
          <b>Your browser</b> computed {here.length === 1 ? `step ${here[0]}` : `steps ${here.join(", ")}`} again from
          the file alone.
        </li>
        <li>
          {chain && endpoints.length > 0 ? (
            <>
              <b>{endpoints.map(originOf).join(" and ")}</b>
              {endpointsWord === "you"
                ? ", which you chose, "
                : endpointsWord === "server"
                  ? ", which this server proposes, "
                  : ", which was saved with this page, "}
              {verdict.kind === "as-far" && verdict.why === "no-answer" ? "did not answer." : said(verdict.kind)}
            </>
          ) : (
            "The contract was not asked."
          )}
        </li>
        {pins && (
          <li>
            The file was held against:
            <ul className="plain-list">
              {(Object.entries(pins) as [PinName, Pin | null][]).map(
                ([name, pin]) =>
                  pin && (
                    <li key={name} data-pin={name} data-word={pin.word}>
                      {PIN_LABELS[name]}{" "}
                      <Text span fz="xs" ff="monospace">
                        {pin.value}
                      </Text>
                      : <b>{words[pin.word]}</b>
                    </li>
                  ),
              )}
            </ul>
          </li>
        )}
        {pins && <NotChecked open={notChecked(pins, endpointsWord, saved)} />}
      </ul>
    </Surface>
  );
}

function wordsOf(saved: boolean): Record<Word, string> {
  return {
    you: "you know it",
    server: saved ? "the server's word when this page was saved" : "this server's word",
    page: "this page's own: it was built together with the contract",
    file: "the file's own word",
  };
}

function said(kind: "verified" | "refused" | "as-far"): string {
  return kind === "refused"
    ? "was asked about the contract (step 6)."
    : "said what the contract holds (step 6). One endpoint alone is believed; several must agree.";
}

/** What remains to be trusted, said plainly. */
function notChecked(
  { chainId, contract, log, codeHash }: Pins,
  endpointsWord: Props["endpointsWord"],
  saved: boolean,
): string[] {
  const isForeign = [chainId, contract, log].some(({ word }) => word !== "you");
  const origin = saved ? "it came with the file that you opened" : `it came from ${location.host}`;
  return [
    ...(isForeign ? ["that this is your provider's contract and log: compare them with your own papers"] : []),
    ...(codeHash.word === "page" ? [`that this page is genuine: ${origin}`] : []),
    ...(endpointsWord === "you" ? [] : ["that the endpoint tells the truth: ask one that you chose"]),
  ];
}

function NotChecked({ open }: { open: readonly string[] }) {
  if (open.length === 0) return <li>Nothing of this is the server's word.</li>;
  return (
    <li>
      <b>Nobody checked here</b>
      <ul className="plain-list">
        {open.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
    </li>
  );
}

/** Never the part of a URL that may be a key. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
