import { Group, Text } from "@mantine/core";
import { QrCode } from "../../look/qr-code.tsx";

/** What only the printed statement has: its file, and where the paper's reader can verify it himself. */
export function PrintedHead({ name, verifyUrl }: { name: string; verifyUrl: string | null }) {
  return (
    <div className="only-print">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Text fz="sm">File: {name}</Text>
          {verifyUrl && <Text fz="xs">Verify it yourself: {verifyUrl}</Text>}
        </div>
        {verifyUrl && (
          <div style={{ width: 120, flexShrink: 0 }}>
            <QrCode text={verifyUrl} name="QR code of the address of this verification" />
          </div>
        )}
      </Group>
    </div>
  );
}
