import { encode } from "uqr";

/** A QR code, drawn as one path. */
export function QrCode({ text, name }: { text: string; name: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg
      width={120}
      height={120}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={`QR code of ${name}`}
      shapeRendering="crispEdges"
      style={{ flexShrink: 0 }}
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
