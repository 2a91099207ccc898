import { Box, List, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { Tag } from "../look/state.tsx";
import { MEMBERS } from "./columns.ts";
import type { ReadTable } from "./messages.ts";

/** What was read from a list, or what is wrong with it, line by line. */
export function ListSummary({ name, table }: { name: string; table: ReadTable }) {
  const { count, problems, problemCount, leftOut, header, columns, named, unclear } = table;
  if (unclear)
    return (
      <Text fz="sm" role="status">
        The header of {name} says nothing that is known here. Choose which column is what.
      </Text>
    );
  if (problemCount > 0)
    return (
      <Box role="alert">
        <Tag tone="bad" icon={<IconAlertTriangle size={13} aria-hidden />}>
          {number(problemCount)} {problemCount === 1 ? "row" : "rows"} cannot be used
        </Tag>
        <Text fz="sm" mt="xs">
          Nothing was sent. Correct this first:
        </Text>
        <List fz="sm" mt="xs" spacing={2}>
          {problems.map(({ line, what }) => (
            <List.Item key={`${line} ${what}`}>
              Line {number(line)}: {what}.
            </List.Item>
          ))}
        </List>
        {problemCount > problems.length && (
          <Text fz="sm" mt="xs">
            And {number(problemCount - problems.length)} more.
          </Text>
        )}
      </Box>
    );
  const used = MEMBERS.filter((member) => columns[member] !== undefined);
  return (
    <Box role="status">
      <Tag tone="good" icon={<IconCircleCheck size={13} aria-hidden />}>
        {number(count)} {count === 1 ? "row" : "rows"}
      </Tag>
      <Text fz="sm" mt="xs">
        From {name}: {used.map((member) => `${member} from “${header[columns[member]!]}”`).join(", ")}.
        {!named && " The rows name no delta, so they are counted in their order."}
        {leftOut > 0 && ` ${number(leftOut)} rows of other customers are left out.`}
      </Text>
    </Box>
  );
}

const number = (value: number) => value.toLocaleString("en");
