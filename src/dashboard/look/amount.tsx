import { Text, type TextProps } from "@mantine/core";
import { groupedAmount } from "./grouped-amount.ts";

type Props = TextProps & {
  /** The exact text of the API, never a number: no digit is lost on its way to the eye. */
  exact: string;
  /** Shows the sign of what is added as well. */
  signed?: boolean;
};

/** An amount, digit for digit, with its thousands apart. What is selected and copied is the plain text. */
export function Amount({ exact, signed = false, ...props }: Props) {
  const shown = signed && !exact.startsWith("-") && exact !== "0" ? `+${exact}` : exact;
  return (
    <Text span ff="monospace" fz="sm" style={{ whiteSpace: "nowrap" }} {...props}>
      {groupedAmount(shown).map(({ at, digits }) => (
        <span key={at} style={at === 0 ? undefined : { marginInlineStart: "0.22em" }}>
          {digits}
        </span>
      ))}
    </Text>
  );
}
