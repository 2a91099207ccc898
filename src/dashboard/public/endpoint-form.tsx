import { Button, Group, Textarea } from "@mantine/core";
import { useState } from "react";
import { MAX_ENDPOINTS } from "../../core/policy.ts";
import { isEndpointUrl } from "../../witness/endpoint.ts";

type Props = {
  urls: readonly string[];
  onUrls: (urls: readonly string[]) => void;
};

/** Which endpoints of the chain are asked: anybody's, and better several. */
export function EndpointForm({ urls, onUrls }: Props) {
  const [text, setText] = useState(urls.join("\n"));
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const lines = text.split(/\s+/).filter((line) => line !== "");
    const wrong = lines.find((line) => !isEndpointUrl(line));
    if (wrong !== undefined) return setProblem(`${wrong} is no http or https address.`);
    if (lines.length > MAX_ENDPOINTS) return setProblem(`At most ${MAX_ENDPOINTS} endpoints are asked.`);
    setProblem(null);
    onUrls(lines);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Textarea
        label="Endpoints of the chain (JSON-RPC)"
        description="One address per line; any endpoint of the chain will do. Each is asked on its own."
        placeholder="https://…"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={problem}
        rows={2}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 14 } }}
      />
      <Group mt="xs">
        <Button type="submit" variant="default">
          {urls.length === 0 ? "Ask it" : "Ask again"}
        </Button>
      </Group>
    </form>
  );
}
