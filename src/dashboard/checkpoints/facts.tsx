import { Box } from "@mantine/core";
import classes from "./paper.module.css";

/** Names and what they are, in two columns. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: React.ReactNode])[] }) {
  return (
    <Box component="dl" className={classes.facts}>
      {facts.map(([name, value]) => (
        <Box key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Box>
      ))}
    </Box>
  );
}
