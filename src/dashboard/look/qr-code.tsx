import { Box } from "@mantine/core";
import { encode } from "uqr";

/** A text as a QR code: always dark on white, since that is what cameras read. */
export function QrCode({ text, name }: { text: string; name: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <Box maw={220} w="100%" style={{ background: "#fff", borderRadius: 8, lineHeight: 0 }}>
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name} shapeRendering="crispEdges" width="100%">
        <path d={path} fill="#000" />
      </svg>
    </Box>
  );
}
