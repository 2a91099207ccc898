import { Box, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useState } from "react";
import { utf8 } from "../../../core/bytes.ts";
import { MAX_FILE_BYTES } from "../../../core/strict-json.ts";

/** A file that somebody brought. */
export type Brought = { name: string; bytes: Uint8Array };

type Props = {
  onFile: (file: Brought) => void;
  /** Left out where there is no server to ask. */
  onFingerprint?: ((fingerprint: string) => void) | undefined;
};

const FINGERPRINT = /(?<![0-9a-f])0x[0-9a-f]{64}(?![0-9a-f])/;

/** Where evidence comes in: a file is dropped or chosen, a fingerprint pasted. */
export function ChooseEvidence({ onFile, onFingerprint }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <Stack gap="md" className="no-print">
      <DropFile onFile={onFile} onProblem={setProblem} />
      {onFingerprint && <FingerprintForm onFile={onFile} onFingerprint={onFingerprint} />}
      {problem && (
        <Text role="alert" fz="sm" c="var(--bad)">
          {problem}
        </Text>
      )}
    </Stack>
  );
}

type DropProps = { onFile: (file: Brought) => void; onProblem: (problem: string | null) => void };

function DropFile({ onFile, onProblem }: DropProps) {
  const [isOver, setIsOver] = useState(false);
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) return onProblem(`${file.name} has more than 64 MiB: it is no file of evidence.`);
    onProblem(null);
    onFile({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  };
  return (
    <Box
      component="label"
      className="drop"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        void read(event.dataTransfer.files[0]);
      }}
    >
      <IconFileImport size={32} aria-hidden color="var(--accent)" />
      <Text fw={600}>Drop a file here, or choose one</Text>
      <Text fz="sm" c="dimmed">
        A receipt, a statement, a consistency file, or your policy. It is read here and sent nowhere.
      </Text>
      <input
        type="file"
        className="visually-hidden"
        aria-label="Choose a file of evidence"
        accept=".json,application/json,application/vnd.tallyroot.receipt+json"
        onChange={(event) => {
          void read(event.currentTarget.files?.[0]);
          // The same file again is a choice too.
          event.currentTarget.value = "";
        }}
      />
    </Box>
  );
}

function FingerprintForm({
  onFile,
  onFingerprint,
}: Required<Pick<Props, "onFile">> & { onFingerprint: (fingerprint: string) => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const given = text.trim();
    // Who pastes the file itself means the file.
    if (given.startsWith("{")) return onFile({ name: "pasted.json", bytes: utf8(given.toWellFormed()) });
    const [fingerprint] = FINGERPRINT.exec(given.toLowerCase()) ?? [];
    if (!fingerprint)
      return setProblem("A fingerprint is 0x and 64 digits of 0 to 9 and a to f. A link with it will do, too.");
    setProblem(null);
    onFingerprint(fingerprint);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-end" gap="sm">
        <TextInput
          label="Or a fingerprint: a receipt id or a proof root"
          placeholder="0x…"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={problem}
          autoComplete="off"
          spellCheck={false}
          style={{ flex: "1 1 20rem" }}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 14 } }}
        />
        <Button type="submit">Verify</Button>
      </Group>
    </form>
  );
}
