import { Group, Text } from "@mantine/core";
import { QrCode } from "./qr-code.tsx";

/** What only the printed statement has: its file, and where the paper's reader can verify it himself. */
export function PrintedHead({ name, verifyUrl }: { name: string; verifyUrl: string | null }) {
  return (
    <div className="only-print">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Text fz="sm">File: {name}</Text>
          {verifyUrl && <Text fz="xs">Verify it yourself: {verifyUrl}</Text>}
        </div>
        {verifyUrl && <QrCode text={verifyUrl} name="the address of this verification" />}
      </Group>
    </div>
  );
}
