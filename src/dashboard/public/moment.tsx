import { utcText } from "../look/times.ts";

/** A moment, always UTC. @param time ISO-8601; null where it has not happened. */
export function Moment({ time }: { time: string | null }) {
  if (time === null) return <span>not yet</span>;
  return (
    <time dateTime={time} style={{ whiteSpace: "nowrap" }}>
      {utcText(time)} UTC
    </time>
  );
}
