import { Alert, Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCopy } from "@tabler/icons-react";

type Props = {
  /** What it is: "API key", "secret". */
  name: string;
  /** Null when the answer with it was lost on its way: the server does not have it any more. */
  value: string | null;
  children?: React.ReactNode;
  onDone: () => void;
};

/** A secret that the server tells once. */
export function ShownOnce({ name, value, children, onDone }: Props) {
  return (
    <Stack>
      {value === null ? (
        <Alert icon={<IconAlertTriangle aria-hidden />} color="gray" title={`The ${name} cannot be shown`}>
          It was made, and the answer with it was lost on its way. The server keeps no copy: rotate it to get another.
        </Alert>
      ) : (
        <>
          <Text fz="sm">
            Copy the {name} now and keep it in a safe place. It is shown this once: the server stores only what is
            needed to check it, and cannot show it again.
          </Text>
          <Code block tabIndex={0} aria-label={name} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {value}
          </Code>
          <CopyButton value={value} timeout={3000}>
            {({ copied, copy }) => (
              <Button
                variant="light"
                onClick={copy}
                leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
                data-autofocus
              >
                {copied ? "Copied" : `Copy the ${name}`}
              </Button>
            )}
          </CopyButton>
        </>
      )}
      {children}
      <Group justify="flex-end">
        <Button onClick={onDone}>Done</Button>
      </Group>
    </Stack>
  );
}
