import { Text, type TextProps, Tooltip } from "@mantine/core";
import { ago, utcText } from "./times.ts";

type Props = TextProps & {
  /** ISO-8601, as the API writes it; null where it has not happened. */
  time: string | null;
  /** Says how long ago it was, with the time itself on hover. */
  relative?: boolean;
  now?: number;
};

/** A moment, always UTC. */
export function Moment({ time, relative = false, now = Date.now(), ...props }: Props) {
  if (time === null)
    return (
      <Text span fz="sm" c="dimmed" {...props}>
        not yet
      </Text>
    );
  const exact = `${utcText(time)} UTC`;
  const text = (
    <Text span fz="sm" style={{ whiteSpace: "nowrap" }} {...props}>
      <time dateTime={time}>{relative ? ago(Date.parse(time), now) : exact}</time>
    </Text>
  );
  return relative ? <Tooltip label={exact}>{text}</Tooltip> : text;
}
