import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { PolicyError } from "../../../core/policy.ts";
import { PIN_LABELS } from "./pin-labels.ts";
import { type Known, knownFrom, PIN_NAMES, type PinName, type Pins, typedPin } from "./pins.ts";

type Props = {
  known: Known;
  /** What is used where the visitor says nothing. */
  inUse: Pins | null;
  onKnown: (known: Known) => void;
  onPolicy: (known: Known, rpc: readonly string[]) => void;
};

/** What the visitor knows by another way than this page: then nobody's word is taken for it. */
export function PinsForm({ known, inUse, onKnown, onPolicy }: Props) {
  const [typed, setTyped] = useState<Partial<Record<PinName, string>>>(known);
  const [problems, setProblems] = useState<Partial<Record<PinName, string>>>({});
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const read = PIN_NAMES.filter((name) => (typed[name] ?? "").trim() !== "").map(
      (name) => [name, typedPin(name, typed[name]!)] as const,
    );
    const wrong = read.flatMap(([name, pin]) => ("problem" in pin ? [[name, pin.problem]] : []));
    setProblems(Object.fromEntries(wrong));
    if (wrong.length === 0)
      onKnown(Object.fromEntries(read.flatMap(([name, pin]) => ("value" in pin ? [[name, pin.value]] : []))));
  };
  return (
    <Stack gap="md">
      <form onSubmit={submit} noValidate>
        <div className="two-columns">
          {PIN_NAMES.map((name) => (
            <TextInput
              key={name}
              label={PIN_LABELS[name]}
              placeholder={inUse?.[name]?.value ?? "not compared"}
              value={typed[name] ?? ""}
              onChange={({ currentTarget: { value } }) => setTyped((before) => ({ ...before, [name]: value }))}
              error={problems[name]}
              autoComplete="off"
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
            />
          ))}
        </div>
        <Group mt="sm">
          <Button type="submit" variant="default">
            Check against these
          </Button>
        </Group>
      </form>
      <PolicyForm onPolicy={onPolicy} />
    </Stack>
  );
}

function PolicyForm({ onPolicy }: Pick<Props, "onPolicy">) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const read = readPolicy(text);
    if ("problem" in read) return setProblem(read.problem);
    setProblem(null);
    onPolicy(read.known, read.rpc);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Textarea
        label="Or a policy file"
        description={
          <Text span fz="xs">
            As `npm run policy` writes it. Paste it here, or drop it like a receipt.
          </Text>
        }
        placeholder='{ "format": "tallyroot-policy/1", … }'
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={problem}
        rows={3}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
      />
      <Group mt="xs">
        <Button type="submit" variant="default">
          Use this policy
        </Button>
      </Group>
    </form>
  );
}

/** A policy file's text, or what is wrong with it. */
export function readPolicy(text: string): { known: Known; rpc: readonly string[] } | { problem: string } {
  try {
    return knownFrom(JSON.parse(text));
  } catch (error) {
    if (error instanceof PolicyError) return { problem: `This is no policy that can be used: ${error.message}.` };
    if (error instanceof SyntaxError) return { problem: "This is no JSON." };
    throw error;
  }
}
