import { Button, Code, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** Text for a terminal or an editor, to be copied whole. */
export function CodeBlock({ text, name, tall = false }: { text: string; name: string; tall?: boolean }) {
  return (
    <div>
      <Code
        block
        tabIndex={0}
        aria-label={name}
        role="region"
        {...(tall && { mah: 480 })}
        style={{ overflow: "auto", fontSize: 12.5 }}
      >
        {text}
      </Code>
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <Button
            mt={6}
            size="compact-sm"
            variant="default"
            leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
            onClick={copy}
            aria-label={copied ? `${name} copied` : `copy ${name}`}
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
