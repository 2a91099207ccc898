import { Box, Button, CopyButton, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { CheckpointView } from "../../sdk/answers.ts";
import { Surface } from "../look/surface.tsx";
import { invoiceLines } from "./invoice-lines.ts";

/** The text for an invoice, to be copied. */
export function InvoiceText({ statement }: { statement: CheckpointView }) {
  const text = invoiceLines(statement);
  return (
    <Surface
      className="surface no-print"
      title="For the invoice"
      actions={
        <CopyButton value={text} timeout={2000}>
          {({ copied, copy }) => (
            <>
              <span role="status" className="visually-hidden">
                {copied && "the invoice text is copied"}
              </span>
              <Button
                size="xs"
                variant="default"
                leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
                onClick={copy}
              >
                {copied ? "Copied" : "Copy the invoice text"}
              </Button>
            </>
          )}
        </CopyButton>
      }
    >
      <Text fz="sm" c="dimmed" mb="xs">
        Whoever pays can check these figures with the proof root, on a page that needs no account.
      </Text>
      <Box
        component="pre"
        tabIndex={0}
        aria-label="invoice text"
        m={0}
        p="sm"
        fz={13}
        style={{
          overflowX: "auto",
          border: "1px solid var(--line)",
          borderRadius: 8,
          fontFamily: "var(--mantine-font-family-monospace)",
        }}
      >
        {text}
      </Box>
    </Surface>
  );
}
