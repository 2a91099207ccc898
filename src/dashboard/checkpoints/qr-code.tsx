import { useMemo } from "react";
import { encode } from "uqr";

/** Light modules around the code: readers need four (ISO/IEC 18004, 9.1). */
const QUIET = 4;

/** A QR code, black on white in either scheme: readers are made for that. */
export function QrCode({ text, name, size = 148 }: { text: string; name: string; size?: number }) {
  const { path, modules } = useMemo(() => drawn(text), [text]);
  return (
    <svg
      viewBox={`0 0 ${modules} ${modules}`}
      width={size}
      height={size}
      role="img"
      aria-label={`QR code of ${name}`}
      shapeRendering="crispEdges"
    >
      <rect width={modules} height={modules} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function drawn(text: string): { path: string; modules: number } {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { path: squares.join(""), modules: size };
}
